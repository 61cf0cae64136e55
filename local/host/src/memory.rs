//! The most memory that a process has had.

/// The peak resident size in MB, rounded up, where the system has `/proc`.
pub(crate) fn peak_memory_mb(pid: u32) -> Option<u32> {
    parse_peak(&std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse_peak(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_whole_megabytes() {
        for (status, expected) in [
            ("Name:\tx\nVmHWM:\t    5124 kB\nVmRSS:\t 1 kB\n", Some(6)),
            ("VmHWM:\t    1024 kB\n", Some(1)),
            ("VmHWM:\t lots\n", None),
            ("State:\tZ (zombie)\n", None),
        ] {
            assert_eq!(parse_peak(status), expected, "{status:?}");
        }
    }
}
