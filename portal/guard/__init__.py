"""Who may come in: addresses, blocks, rate limits and the WAF, in front of Flask."""
