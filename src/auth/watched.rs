//! A file that others replace while the service runs, and that is read again when they have.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What tells one content of a file from the next, without reading it.
type Stamp = Option<(SystemTime, u64, u64)>;

/// A file as it was at the last look.
#[derive(Debug)]
pub struct Watched {
    path: PathBuf,
    seen: Stamp,
    failed: bool,
}

impl Watched {
    /// Made before the file is read for the first time, so that no change falls in between.
    pub fn new(path: PathBuf) -> Self {
        Self { seen: stamp(&path), path, failed: false }
    }

    /// What the file holds, if it has changed and can be read. What cannot be is told once, and tried again at every look:
    /// until it can, what was read before stays in force.
    pub fn look<T>(&mut self, read: impl FnOnce() -> Result<T, String>) -> Option<T> {
        // Before it is read: a change in between is seen at the next look.
        let stamp = stamp(&self.path);
        let changed = stamp != self.seen;
        if !changed && !self.failed {
            return None;
        }
        self.seen = stamp;
        match read() {
            Ok(content) => {
                self.failed = false;
                Some(content)
            }
            Err(fault) => {
                if changed || !self.failed {
                    tracing::error!(%fault, "a file of the local issuer cannot be used; what it said before stays in force");
                }
                self.failed = true;
                None
            }
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let file = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&file);
    #[cfg(not(unix))]
    let inode = 0;
    let changed = file.modified().map_or(SystemTime::UNIX_EPOCH, |at| at);
    Some((changed, file.len(), inode))
}

#[cfg(test)]
mod tests {
    use super::super::files;
    use super::super::scratch::Scratch;
    use super::*;

    #[test]
    fn a_file_is_read_when_it_has_changed_and_again_until_it_can_be() {
        let scratch = Scratch::new();
        let path = scratch.path().join("file");
        files::replace(&path, b"one").unwrap();
        let mut watched = Watched::new(path.clone());
        assert_eq!(watched.look(|| Ok(1)), None);
        files::replace(&path, b"two").unwrap();
        assert_eq!(watched.look(|| Err::<i32, _>("damaged".into())), None);
        assert_eq!(watched.look(|| Ok(2)), Some(2));
        assert_eq!(watched.look(|| Ok(3)), None);
        fs::remove_file(&path).unwrap();
        assert_eq!(watched.look(|| Ok(4)), Some(4));
    }
}
