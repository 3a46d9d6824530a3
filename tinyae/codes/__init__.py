"""What can be done with codes, of any model.

Read ``sampling`` (walks, and new codes from a density), then ``latent_diagnostics`` (what a code
uses).
"""
