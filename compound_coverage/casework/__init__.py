"""Drafts, review, signature, audit trail, who may do what."""
