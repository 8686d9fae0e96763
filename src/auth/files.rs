//! Files that appear whole or not at all, and stay; and who can read them: their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Puts the content under its name at once and for good, unless something has that name already.
pub fn publish(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft_beside(path)?;
    let written = write_draft(&draft, content).and_then(|()| {
        // A link appears whole or not at all and never replaces: the first process wins and a crash
        // leaves no half a key. File systems without links get a rename, which is as whole.
        match fs::hard_link(&draft, path) {
            Err(_) if path.exists() => Ok(()),
            Err(_) => fs::rename(&draft, path),
            Ok(()) => Ok(()),
        }
    });
    // After a rename the draft is gone, after a link its name is no longer needed.
    let _ = fs::remove_file(&draft);
    written?;
    sync_directory_of(path)
}

/// Tells by its age when a backup was last made.
pub const LAST_BACKUP: &str = "last-backup";
/// Tells by its age when all was last found right.
pub const LAST_VERIFY: &str = "last-verify";

/// When a file was last changed, in seconds since 1970.
pub fn changed_at(path: &Path) -> Option<f64> {
    let changed = fs::metadata(path).and_then(|file| file.modified());
    changed.map_or(None, |at| at.duration_since(std::time::UNIX_EPOCH).map_or(None, |since| Some(since.as_secs_f64())))
}

/// Replaces the content of a file at once: readers see the old or the new, a crash leaves either.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft_beside(path)?;
    let written = write_draft(&draft, content).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.and_then(|()| sync_directory_of(path))
}

/// Gives a file that was written beside it its name at once and for good, unless something has that name already.
///
/// # Errors
/// When the name is taken, or the file cannot be made to last.
pub fn publish_draft(draft: &Path, path: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    match fs::hard_link(draft, path) {
        Ok(()) => fs::remove_file(draft)?,
        Err(_) if path.exists() => return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already")),
        // File systems without links get a rename, which is as whole.
        Err(_) => fs::rename(draft, path)?,
    }
    sync_directory_of(path)
}

/// Gives a file the name of another one, which goes.
///
/// # Errors
/// When it cannot be renamed, or made to last.
pub fn take_the_place(draft: &Path, path: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    fs::rename(draft, path)?;
    sync_directory_of(path)
}

/// Makes a directory, and what is missing above it, for its owner alone. One that is there stays as it is: it may hold
/// other things too.
pub fn make_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file to be written to; one that is not there is made, empty and for its owner alone.
pub fn open_or_make(path: &Path) -> io::Result<File> {
    private().write(true).create(true).truncate(false).open(path)
}

/// Keeps others that ask for the same away from a file that is replaced whole, for as long as the answer lives.
///
/// # Errors
/// When the lock beside the file cannot be had.
pub fn exclusively(path: &Path) -> io::Result<File> {
    let lock = open_or_make(&path.with_extension("lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// The mode of a file that others than its owner may read or write.
pub fn mode_open_to_others(path: &Path) -> io::Result<Option<u32>> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions()) & 0o777;
        Ok(Some(mode).filter(|mode| mode & 0o077 != 0))
    }
    #[cfg(not(unix))]
    fs::metadata(path).map(|_| None)
}

/// Takes a file from everybody but its owner.
pub fn close_to_others(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if mode_open_to_others(path)?.is_some() {
        return fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600));
    }
    fs::metadata(path).map(drop)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn draft_beside(path: &Path) -> io::Result<PathBuf> {
    if let Some(parent) = path.parent() {
        make_directory(parent)?;
    }
    Ok(path.with_extension(format!("{:016x}.draft", rand::random::<u64>())))
}

fn write_draft(draft: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = private().write(true).create_new(true).open(draft)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        // Only Unix lets a directory be opened and synced; elsewhere the rename has to do.
        Some(parent) if cfg!(unix) && !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}
