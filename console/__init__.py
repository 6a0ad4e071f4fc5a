"""The console: pages for people, rendered on the server; a client of the HTTP API with the token of who looks."""
