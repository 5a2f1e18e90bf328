"""The words of the product as plain data and rules; imports the standard library alone."""
