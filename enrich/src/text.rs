//! Small helpers for text that several enrichers need.
