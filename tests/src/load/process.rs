//! What a process uses, as Linux tells it.

use std::time::Duration;

use super::Problem;

/// The unit of processor times in `/proc`, on every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// What a process uses at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// The memory that is resident, in bytes.
    pub resident: u64,
    /// What of it is no part of a file: the heap and the stacks.
    pub anonymous: u64,
    /// The processor time so far.
    pub processor: Duration,
}

/// What this process uses now.
///
/// # Errors
///
/// There is no such process, or this is no Linux.
pub fn usage(process: u32) -> Result<Usage, Problem> {
    let status = read(process, "status")?;
    let kibibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let value = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        value.ok_or_else(|| format!("a process's status has no {name}"))
    };
    Ok(Usage {
        resident: kibibytes("VmRSS")? * 1024,
        anonymous: kibibytes("RssAnon")? * 1024,
        processor: processor(&read(process, "stat")?).ok_or("a process's stat has no times")?,
    })
}

fn read(process: u32, name: &str) -> Result<String, Problem> {
    let path = format!("/proc/{process}/{name}");
    std::fs::read_to_string(&path).map_err(|problem| format!("{path}: {problem}"))
}

/// `utime` and `stime`, the 14th field and the 15th. The second is a name, which may hold anything but stands in
/// parentheses.
fn processor(stat: &str) -> Option<Duration> {
    let (_, third) = stat.rsplit_once(") ")?;
    let mut times = third.split(' ').skip(11).map(|ticks| ticks.parse::<u32>().ok());
    Some(TICK * (times.next()?? + times.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_that_of_the_program_and_of_the_system_for_it() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 21 0 0 0 250 31 5 6 20 0 3 0 99";
        assert_eq!(processor(stat), Some(Duration::from_millis(2_810)));
    }

    #[test]
    fn this_process_uses_something() {
        let usage = usage(std::process::id()).unwrap();
        assert!(usage.resident >= usage.anonymous && usage.anonymous > 0, "{usage:?}");
    }
}
