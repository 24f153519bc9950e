//! The append-only record of everything decided and seen, with intents before outside effects.
