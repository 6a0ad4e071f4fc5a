"""One module a command, or a family of commands; each is loaded only when it is called."""
