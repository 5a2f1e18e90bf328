"""The sender: leases, rate, retries."""
