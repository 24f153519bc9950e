//! Real OAR, by its commands.
