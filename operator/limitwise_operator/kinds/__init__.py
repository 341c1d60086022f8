"""The kinds of limitwise.dev as values: frozen dataclasses from and to what the API gives."""
