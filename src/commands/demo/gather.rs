//! Made-up flags of Gather: what people asked for in the made-up conversation, who supported it, and what became of it. They
//! are made by the same functions as real ones, at the times at which they would have been.

mod flags;
mod rising;

pub use self::flags::{MadeUp, make};
pub use self::rising::raise_on_issues;

#[cfg(test)]
pub(super) use self::flags::tests::record;
