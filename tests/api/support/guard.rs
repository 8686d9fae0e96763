//! Nothing the tests start outlives them, not even when they are killed: a small shell process
//! holds the list of processes and folders, and clears up when its input ends.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock};

const KEEPER: &str = r#"
trap '' INT TERM HUP
live=' '; folders=''
while read -r verb what; do
  case $verb in
    add) live="$live$what " ;;
    gone) case $live in *" $what "*) live="${live%% $what *} ${live#* $what }" ;; esac ;;
    folder) folders="$folders $what" ;;
  esac
done
for entry in $live; do kill -s "${entry%%:*}" "${entry#*:}" 2>/dev/null; done
for entry in $live; do
  for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "${entry#*:}" 2>/dev/null || break
    sleep 0.1
  done
done
[ -z "$folders" ] || rm -rf $folders
"#;

#[allow(clippy::zombie_processes, reason = "it outlives the tests, that is its purpose")]
fn keeper() -> MutexGuard<'static, ChildStdin> {
    static KEPT: OnceLock<Mutex<ChildStdin>> = OnceLock::new();
    let input = KEPT.get_or_init(|| {
        let mut child = Command::new("sh")
            .args(["-c", KEEPER])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell starts");
        Mutex::new(child.stdin.take().expect("its input is piped"))
    });
    input.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn tell(line: &str) {
    keeper().write_all(format!("{line}\n").as_bytes()).expect("the keeper listens");
}

/// Sends `signal` to the process when the tests end.
pub fn started(signal: &str, pid: u32) {
    tell(&format!("add {signal}:{pid}"));
}

/// The process has been reaped; its number may be someone else's from now on.
pub fn ended(signal: &str, pid: u32) {
    tell(&format!("gone {signal}:{pid}"));
}

/// A new, empty folder that is removed when the tests end.
pub fn folder(purpose: &str) -> PathBuf {
    folder_in(&std::env::temp_dir(), purpose)
}

/// The same, in memory where there is room for it: a sync costs nothing there. It is for what is not about the disk.
pub fn quick_folder(purpose: &str) -> PathBuf {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        if kibibytes_left(memory) >= NEEDED { memory.to_owned() } else { std::env::temp_dir() }
    });
    folder_in(place, purpose)
}

/// All databases of the tests together stay far below it.
const NEEDED: u64 = 3 * 1024 * 1024;

fn kibibytes_left(place: &Path) -> u64 {
    let told = Command::new("df").args(["-k", "--output=avail"]).arg(place).output();
    let told = told.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    told.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or(0)
}

fn folder_in(place: &Path, purpose: &str) -> PathBuf {
    let name = format!("holdfast-{purpose}-{}-{}", std::process::id(), super::fresh());
    let path = place.join(name);
    std::fs::create_dir_all(&path).expect("the temporary folder is writable");
    tell(&format!("folder {}", path.display()));
    path
}

/// Removes a folder before the tests end, so that many of them do not fill the disk.
pub fn discard(path: &Path) {
    let _ = std::fs::remove_dir_all(path);
}
