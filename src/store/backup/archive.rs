//! The file of a backup: lines of JSON, packed by gzip. The first says what it is, then come the tables, each with its columns and
//! its rows as lists, then files of the service that were asked for, last the manifest with counts, the heads of all ledgers
//! and a SHA-256 over all lines before it. A file that was cut or changed is found by its end.
use super::one_organization::OneOrganization;
use crate::model::{Error, Id, Result};
use crate::store::ledger::LedgerHead;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};

/// The form of the file; a later one has another number.
const FORMAT: u32 = 1;
/// A line longer than any row can be is no line of a backup.
const LONGEST_LINE: u64 = 1 << 30;

/// What a backup is of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Header {
    pub format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// The newest change of the schema its tables have seen.
    pub schema: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    pub made_at: String,
    /// Where it is of one organisation alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OneOrganization>,
}

impl Header {
    pub fn new(schema: String, database: &str, made_at: String) -> Header {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Header { format: FORMAT, version, schema, database: database.to_owned(), made_at, organization: None }
    }
}

/// The newest entry of a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerState {
    pub organization: String,
    pub seq: i64,
    /// Hexadecimal.
    pub hash: String,
}

impl From<&(Id, LedgerHead)> for LedgerState {
    fn from((organization, head): &(Id, LedgerHead)) -> LedgerState {
        LedgerState { organization: organization.to_string(), seq: head.seq, hash: hex::encode(&head.hash) }
    }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    pub ledgers: Vec<LedgerState>,
    /// Over all lines before, hexadecimal.
    pub sha256: String,
}

/// What a whole backup was found to hold.
#[derive(Debug, Clone)]
pub struct Contents {
    pub header: Header,
    pub manifest: Manifest,
}

/// A line that is no row.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    Holdfast(Header),
    Table { name: String, columns: Vec<String> },
    File { name: String, content: String },
    Manifest(Manifest),
}

/// A line of the file.
pub enum Line {
    Heading(Heading),
    Row(Vec<Value>),
}

fn unwritten(cause: std::io::Error) -> Error {
    Error::Internal(format!("the backup cannot be written: {cause}"))
}

/// Writes a backup.
pub struct ArchiveWriter<W: Write> {
    out: BufWriter<GzEncoder<W>>,
    digest: Sha256,
    tables: BTreeMap<String, u64>,
    table: Option<String>,
}

impl<W: Write> ArchiveWriter<W> {
    /// # Errors
    /// When the file cannot be written to.
    pub fn new(out: W, header: Header) -> Result<ArchiveWriter<W>> {
        let out = BufWriter::with_capacity(1 << 16, GzEncoder::new(out, Compression::fast()));
        let mut archive = ArchiveWriter { out, digest: Sha256::new(), tables: BTreeMap::new(), table: None };
        archive.line(&Heading::Holdfast(header))?;
        Ok(archive)
    }

    /// The rows that follow are of this table.
    pub fn table(&mut self, name: &str, columns: Vec<String>) -> Result<()> {
        self.table = Some(name.to_owned());
        self.tables.insert(name.to_owned(), 0);
        self.line(&Heading::Table { name: name.to_owned(), columns })
    }

    pub fn row(&mut self, row: &[Value]) -> Result<()> {
        if let Some(count) = self.table.as_ref().and_then(|table| self.tables.get_mut(table)) {
            *count += 1;
        }
        self.line(&row)
    }

    /// A file of the service beside the database.
    pub fn file(&mut self, name: &str, content: &str) -> Result<()> {
        self.line(&Heading::File { name: name.to_owned(), content: content.to_owned() })
    }

    /// Writes the manifest; the file is whole then, though perhaps not yet on the disk.
    pub fn finish(mut self, ledgers: Vec<LedgerState>) -> Result<(W, Manifest)> {
        let sha256 = hex::encode(std::mem::take(&mut self.digest).finalize());
        let manifest = Manifest { tables: std::mem::take(&mut self.tables), ledgers, sha256 };
        self.line(&Heading::Manifest(manifest.clone()))?;
        let packed = self.out.into_inner().map_err(|cause| unwritten(cause.into_error()))?;
        Ok((packed.finish().map_err(unwritten)?, manifest))
    }

    fn line(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec(line).map_err(Error::internal)?;
        text.push(b'\n');
        self.digest.update(&text);
        self.out.write_all(&text).map_err(unwritten)
    }
}

/// Reads a backup, line by line.
pub struct ArchiveReader<R: Read> {
    input: BufReader<MultiGzDecoder<R>>,
    digest: Sha256,
    /// The digest of all lines before the last one.
    before: String,
}

fn damaged(why: impl std::fmt::Display) -> Error {
    Error::Internal(format!("the backup is not whole: {why}"))
}

impl<R: Read> ArchiveReader<R> {
    /// Opens a backup and reads its head.
    ///
    /// # Errors
    /// When it is no backup, or one of a form that is not known here.
    pub fn new(input: R) -> Result<(ArchiveReader<R>, Header)> {
        let input = BufReader::with_capacity(1 << 16, MultiGzDecoder::new(input));
        let mut archive = ArchiveReader { input, digest: Sha256::new(), before: String::new() };
        match archive.line() {
            Ok(Line::Heading(Heading::Holdfast(header))) if header.format == FORMAT => Ok((archive, header)),
            Ok(Line::Heading(Heading::Holdfast(header))) => {
                Err(Error::Internal(format!("the backup was made by version {}, in a form that is unknown here", header.version)))
            }
            _ => Err(Error::Internal("this is no backup of holdfast".into())),
        }
    }

    /// The next line.
    ///
    /// # Errors
    /// When there is none, or none that can be read: a whole backup ends with its manifest.
    pub fn line(&mut self) -> Result<Line> {
        let mut text = Vec::new();
        let length = self.input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text).map_err(damaged)?;
        if length == 0 || text.last() != Some(&b'\n') {
            return Err(damaged("it ends too soon"));
        }
        self.before = hex::encode(self.digest.clone().finalize());
        self.digest.update(&text);
        if text.first() == Some(&b'[') {
            return serde_json::from_slice(&text).map(Line::Row).map_err(damaged);
        }
        serde_json::from_slice(&text).map(Line::Heading).map_err(damaged)
    }

    /// Compares what was read with the manifest.
    ///
    /// # Errors
    /// When a byte is another one, rows are missing, or something follows.
    pub fn check(&mut self, manifest: &Manifest, counted: &BTreeMap<String, u64>) -> Result<()> {
        if manifest.sha256 != self.before {
            return Err(damaged("its content is not what was written"));
        }
        if manifest.tables != *counted {
            return Err(damaged("it does not have the rows its manifest tells of"));
        }
        let mut more = [0];
        match self.input.read(&mut more) {
            Ok(0) => Ok(()),
            Ok(_) => Err(damaged("something follows its manifest")),
            Err(cause) => Err(damaged(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let header = Header::new("7".into(), "sqlite", "2026-01-01T00:00:00Z".into());
        let mut archive = ArchiveWriter::new(Vec::new(), header).unwrap();
        archive.table("a", vec!["x".into()]).unwrap();
        archive.row(&[Value::from(1)]).unwrap();
        archive.row(&[Value::from("two")]).unwrap();
        archive.table("b", vec!["y".into()]).unwrap();
        archive.file("key", "secret").unwrap();
        archive.finish(Vec::new()).unwrap().0
    }

    fn read(bytes: &[u8]) -> Result<(usize, usize)> {
        let (mut archive, _) = ArchiveReader::new(bytes)?;
        let (mut rows, mut files, mut counted, mut table) = (0, 0, BTreeMap::new(), String::new());
        loop {
            match archive.line()? {
                Line::Row(_) => {
                    rows += 1;
                    *counted.entry(table.clone()).or_default() += 1;
                }
                Line::Heading(Heading::Table { name, .. }) => {
                    table.clone_from(&name);
                    counted.insert(name, 0);
                }
                Line::Heading(Heading::File { .. }) => files += 1,
                Line::Heading(Heading::Manifest(manifest)) => {
                    return archive.check(&manifest, &counted).map(|()| (rows, files));
                }
                Line::Heading(Heading::Holdfast(_)) => return Err(damaged("two heads")),
            }
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_was_cut_or_changed_is_not() {
        let whole = written();
        assert_eq!(read(&whole).unwrap(), (2, 1));
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "cut after {end} bytes");
        }
        // The head of the packing names a time and a system, which change nothing.
        for place in 10..whole.len() {
            let mut other = whole.clone();
            other[place] ^= 4;
            assert!(read(&other).is_err(), "changed at byte {place}");
        }
        let mut longer = whole.clone();
        longer.extend(written());
        assert!(read(&longer).is_err(), "two in one file");
    }
}
