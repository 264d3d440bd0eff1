//! How much memory this process has taken at most.

use anyhow::{Context as _, Result};

/// The most resident memory of this process so far, in MiB (`VmHWM` of `/proc/self/status`).
///
/// # Errors
/// When the kernel does not tell.
pub fn peak_mib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("/proc/self/status cannot be read")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the kernel tells no VmHWM")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().context("VmHWM is a number of kB")?;
    Ok(kib / 1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_running_process_takes_some_memory() {
        assert!(super::peak_mib().unwrap() > 0);
    }
}
