"""What runs inside the student process. Of the trusted side, only `grading.isolation.channel` may be imported here."""
