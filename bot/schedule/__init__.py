"""Calendar rules to occurrences, pure; the ticker beside them."""
