"""Telling people: mails, webhooks and chats, sent from an outbox."""
