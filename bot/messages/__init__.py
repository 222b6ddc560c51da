"""Views into text and keyboards, in the reader's language."""
