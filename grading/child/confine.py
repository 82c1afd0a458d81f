"""Confines the process it is called in, for good: user, environment, folder, limits, system calls (Linux).

Called in a fresh fork before anything of the student's is imported. Nothing here can be undone by what runs later:
limits are hard limits, root is given up in all three user ids, and the filter on system calls is inherited.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import socket
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER_MODE = 38, 22, 2  # of prctl(2)
LOWER_PRIORITY = 10  # the grader, who must end whatever this becomes, goes first
NEW_NETWORK_NAMESPACE = 0x40000000  # CLONE_NEWNET of unshare(2)

NAMESPACES = 0x7E020000  # all CLONE_NEW… flags of clone(2): in a user namespace of its own, a process would be root
CLONE3 = 435  # on every machine; its flags lie in memory, where no filter sees them
# By machine: the kernel's name for it, and the numbers of `socket` and `clone`.
SYSTEM_CALLS = {"x86_64": (0xC000003E, 41, 56), "aarch64": (0xC00000B7, 198, 220)}
# The calls that are refused altogether: ptrace, process_vm_readv, process_vm_writev, unshare, setns, mount, bpf,
# perf_event_open, io_uring_setup (it could open sockets past the filter), userfaultfd, pidfd_getfd; and what makes
# something that lasts when a process has ended, keyctl, add_key, request_key, shmget, semget, msgget, mq_open.
REFUSED = {
    "x86_64": (101, 310, 311, 272, 308, 165, 321, 298, 425, 323, 438, 250, 248, 249, 29, 64, 68, 240),
    "aarch64": (117, 270, 271, 97, 268, 40, 280, 241, 425, 282, 438, 219, 217, 218, 194, 190, 186, 180),
}
# No limit sees the files of memfd_create everywhere. CUDA begins with one, so it is left where there is a GPU: behind
# the driver of NVIDIA, of Windows' subsystem for Linux, or of AMD.
MEMFD_CREATE = {"x86_64": 319, "aarch64": 279}
GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


def apply(confinement: dict[str, Any]) -> None:
    """Carry out a sandbox's confinement.

    Args:
        confinement: `directory` to work in; `environment`, all there will be; `limits`, name of a resource limit to its
            value, and `data_bytes` on top of what is held already; `user`, a user id or None to stay who we are.
    Raises:
        OSError: something could not be done; the process must end then.
    """
    import resource

    for name, value in confinement["limits"].items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    with contextlib.suppress(OSError, ValueError, IndexError):
        held = int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (held + confinement["data_bytes"],) * 2)
    with contextlib.suppress(OSError):  # if the machine's memory ends, this process goes before the grader
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(LOWER_PRIORITY)
    os.umask(0o077)
    os.chdir(confinement["directory"])
    os.environ.clear()
    os.environ.update(confinement["environment"])
    tempfile.tempdir = None  # forgets a choice made before the fork
    if (user := confinement["user"]) is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _filter_system_calls()


def leave_network() -> bool:
    """Move this process and all it starts to a network of their own with nothing in it; needs root. True if it did."""
    try:
        return ctypes.CDLL(None, use_errno=True).unshare(NEW_NETWORK_NAMESPACE) == 0
    except (OSError, AttributeError):
        return False


def probe(confinement: dict[str, Any]) -> bytes:
    """What really holds in a process that has been confined, tried out: JSON of name to true or false.

    Args:
        confinement: as for `apply`, and `private`: paths that must be neither read nor written here.
    """
    held = {
        "unprivileged user": os.name == "posix" and os.getuid() != 0 and 0 not in os.getresuid(),
        "private files": not any(_can_open(Path(path)) for path in confinement["private"]),
        "no network": not _can_reach_network(),
        "own folder": _can_write(Path(confinement["directory"])),
        "standard library readable": os.access(os.path.dirname(os.__file__), os.R_OK | os.X_OK),
        "project readable": all(os.access(path, os.R_OK) for path in confinement["public"]),
        "grader out of reach": not _can_signal(os.getppid()),
    }
    return json.dumps(held).encode()


def _filter_system_calls() -> None:
    """Refuse what `REFUSED` lists, new namespaces and sockets other than local ones, on the machines it knows."""
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.suppress(AttributeError):
        libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        if sys.platform == "linux" and platform.machine() in SYSTEM_CALLS:
            refused = [*REFUSED[platform.machine()]]
            if not _has_gpu():
                refused.append(MEMFD_CREATE[platform.machine()])
            program = _filter_program(*SYSTEM_CALLS[platform.machine()], refused)
            code = ctypes.create_string_buffer(program, len(program))
            header = _Program(len(program) // 8, ctypes.cast(code, ctypes.c_void_p))
            libc.prctl(SET_SECCOMP, FILTER_MODE, ctypes.byref(header), 0, 0)


def _has_gpu() -> bool:
    return any(map(os.path.exists, GPU_DEVICES))


class _Program(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _filter_program(architecture: int, socket_call: int, clone_call: int, refused: Sequence[int]) -> bytes:
    """The filter for the kernel's packet-filter machine; see seccomp(2).

    Calls of another architecture (32-bit ones, x32 ones) are refused: their numbers mean something else. `clone3` is
    answered as by a kernel that lacks it: the C library then calls `clone`.
    """
    load, jump_equal, jump_at_least, jump_if_any, end = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, lack = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38  # 1 is EPERM, 38 is ENOSYS
    tail = len(refused) + 8  # instructions from the first comparison below to the one that refuses
    steps = [
        (load, 0, 0, 4),  # architecture
        (jump_equal, 1, 0, architecture),
        (end, 0, 0, refuse),
        (load, 0, 0, 0),  # number of the call
        (jump_at_least, tail, 0, 0x40000000),
    ]
    steps += [(jump_equal, tail - 1 - place, 0, number) for place, number in enumerate(refused)]
    steps += [
        (jump_equal, 8, 0, CLONE3),
        (jump_equal, 0, 2, clone_call),
        (load, 0, 0, 16),  # its first argument: the flags
        (jump_if_any, 4, 3, NAMESPACES),
        (jump_equal, 0, 2, socket_call),
        (load, 0, 0, 16),  # its first argument: the family
        (jump_equal, 0, 1, int(socket.AF_UNIX)),
        (end, 0, 0, allow),
        (end, 0, 0, refuse),
        (end, 0, 0, lack),
    ]
    return b"".join(struct.pack("HBBI", code, yes, no, value) for code, yes, no, value in steps)


def _can_open(path: Path) -> bool:
    try:
        if path.is_dir():
            os.listdir(path)
            return True
        return os.access(path, os.R_OK) or os.access(path, os.W_OK)
    except OSError:
        return False


def _can_write(directory: Path) -> bool:
    try:
        (directory / "probe").write_text("")
        (directory / "probe").unlink()
    except OSError:
        return False
    return True


def _can_reach_network() -> bool:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.connect(("192.0.2.1", 9))  # an address for documentation: only whether there is a way out
    except OSError:
        return False
    return True


def _can_signal(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
