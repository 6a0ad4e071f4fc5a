"""What `reprise doctor` looks at: each check says what it found, or raises with what is wrong."""
