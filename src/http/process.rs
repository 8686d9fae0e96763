//! Figures of the process, by the names that monitoring knows for every process. Linux tells them; elsewhere they are left out.
use crate::model::Timestamp;
use std::time::Duration;

/// Clock ticks a second in `/proc`: the same on every Linux that users meet.
const TICKS: f64 = 100.0;

/// What is known of this process: name, explanation and value of each figure.
pub fn figures(running_for: Duration, now: Timestamp) -> Vec<(&'static str, &'static str, f64)> {
    let started = now.micros() as f64 / 1e6 - running_for.as_secs_f64();
    let all = [
        ("process_start_time_seconds", "When the process started, in seconds since 1970", Some(started)),
        ("process_resident_memory_bytes", "Memory the process has in use", resident_bytes()),
        ("process_open_fds", "Files and connections that are open", open_files()),
        ("process_max_fds", "Files and connections that may be open", most_files()),
        ("process_cpu_seconds", "Time the process has computed", cpu_seconds()),
    ];
    all.into_iter().filter_map(|(name, words, value)| Some((name, words, value?))).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The number in the line that begins so, in its first column that is one.
fn number_after(text: &str, begin: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(begin))?;
    line.split_whitespace().find_map(|word| word.parse().ok())
}

fn resident_bytes() -> Option<f64> {
    number_after(&read("/proc/self/status"), "VmRSS:").map(|kibibytes| kibibytes * 1024.0)
}

fn open_files() -> Option<f64> {
    std::fs::read_dir("/proc/self/fd").map_or(None, |all| Some(all.count() as f64))
}

fn most_files() -> Option<f64> {
    number_after(&read("/proc/self/limits"), "Max open files")
}

fn cpu_seconds() -> Option<f64> {
    let stat = read("/proc/self/stat");
    // The name of the program stands in brackets, and may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_all_of_them() {
        let told = figures(Duration::from_secs(1), Timestamp::from_seconds(1_800_000_000).unwrap());
        let names: Vec<&str> = told.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), 5, "{names:?}");
        assert!(told.iter().all(|(_, _, value)| *value >= 0.0));
        let memory = told.iter().find(|(name, ..)| *name == "process_resident_memory_bytes").map(|told| told.2);
        assert!(memory.is_some_and(|bytes| bytes > 1e6), "{memory:?}");
    }
}
