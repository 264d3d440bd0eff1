//! Formatted text at the end of a `String`.

use std::fmt::{Arguments, Write};

/// Adds `arguments` to `out`, without a `String` in between.
pub(crate) fn put(out: &mut String, arguments: Arguments<'_>) {
    out.write_fmt(arguments).expect("a String takes everything");
}
