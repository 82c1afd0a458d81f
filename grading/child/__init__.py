"""What runs inside the student process. Of the trusted side, only `grading.channel` may be imported here."""
