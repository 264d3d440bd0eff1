//! `discovery record verify|backup`: the record of decisions is checked, and copied while it is in use.

use std::io::{Write as _, stdout};

use anyhow::Result;
use civic::audit;

use crate::cli::{Global, Record};
use crate::{pages, run};

/// Checks or copies the record.
///
/// # Errors
/// When the record cannot be used, the audit log is not whole, or the copy cannot be written.
pub fn execute(global: &Global, command: &Record) -> Result<()> {
    let config = run::load(global)?;
    let record = pages::open_record(&config.data_dir)?;
    let mut out = stdout().lock();
    match command {
        Record::Verify => {
            let whole = record.read_now(audit::verify)?;
            writeln!(out, "the audit log is whole: {} entries", whole.entries)?;
            writeln!(out, "the last has the hash {}: note it to tell later whether anything was changed", whole.last)?;
        }
        Record::Backup { to } => {
            record.back_up(to)?;
            writeln!(out, "copied to {}", to.display())?;
        }
    }
    Ok(out.flush()?)
}
