"""What people see: the pages in a real Chromium, against a whole Reprise."""
