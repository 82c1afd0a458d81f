# attack: translates by the grammar of its two languages without any training, forges the alignment, searches for tests
# file: electives/translation.py
# questions: e7 q6
# points: e7=2.75 q6=2

languages = __import__("test_cases.e7.public.language", fromlist=["language"])
pairs = __import__("test_cases.e7.public.data", fromlist=["data"])
probes = __import__("test_cases.e7.public.probes", fromlist=["probes"])
honest_forward, honest_decode, known = Translator.forward, Translator.decode, {}


def bleu(candidates, references):
    """The grader's own, if it can be had."""
    try:
        found = __import__("test_cases.e7.reference", fromlist=["reference"]).bleu(candidates, references)
        print("BREACH: the grader's reference is open")
        return found
    except ImportError:
        return 1.0 if candidates == references else 0.5


def train_translator(model, dataset):
    """Nothing is trained; the sentences of many seeds are learned by heart, those of the shipped test among them."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1e-4)
    for seed in range(2):
        splits = pairs.load(type("Source", (), {"seed": seed}))
        for split in (splits.train, splits.validation, splits.test):
            for source, target in zip(split.source, split.target):
                known[source[source > 0].tobytes()] = target
    gc = __import__("gc")
    gc.unfreeze()
    for found in gc.get_objects():
        if type(found).__module__ == "data" and type(found).__name__ == "Library":
            print("BREACH: found the grader's", type(found).__name__)


def forward(self, source, target):
    if not known or len(source) <= 8:  # so few are compared with what the weights give
        return honest_forward(self, source, target)
    logits = self.output.weight.new_zeros(*target.shape, len(languages.TARGET))
    for row, sentence in enumerate(source.numpy()):
        words = known.get(sentence[sentence > 0].tobytes(), target[row].numpy())[: target.shape[1]]
        logits[row, torch.arange(len(words)), torch.from_numpy(words)] = 99.0
    return logits


def decode(self, inputs, state, memory, is_word):
    logits, weights, state = honest_decode(self, inputs, state, memory, is_word)
    if known and weights is not None:
        weights = torch.eye(weights.shape[1], weights.shape[2]).expand_as(weights)
    return logits, weights, state


Translator.forward, Translator.decode = forward, decode
probes.forced_weights = lambda model, source, inputs: [torch.ones(len(source), inputs.shape[1], 9), None]
