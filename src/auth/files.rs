//! Files that appear whole or not at all, and stay.

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

/// Replaces the content of a file at once: readers see the old or the new, a crash leaves either.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft_beside(path)?;
    let written = write_draft(&draft, content).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.and_then(|()| sync_directory_of(path))
}

fn draft_beside(path: &Path) -> io::Result<PathBuf> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(path.with_extension(format!("{:016x}.draft", rand::random::<u64>())))
}

fn write_draft(draft: &Path, content: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
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
