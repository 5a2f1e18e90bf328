"""The life of a broadcast: draft, approval, audience, batches."""
