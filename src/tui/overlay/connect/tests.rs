//! Its keys and its looks.
