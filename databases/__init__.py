"""The database-service: gives each instance a database of its own, empties and removes it, and keeps the passwords."""
