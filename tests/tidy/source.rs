//! The files of this crate as text: without comments, texts and tests, and how long their functions are.
use std::path::{Path, PathBuf};

pub struct Source {
    /// The path below the crate's root, with `/`.
    pub path: String,
    pub text: String,
    /// The text with comments and the contents of literals blanked, line by line as it was.
    pub code: String,
}

pub fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join(folder), &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file is readable");
        let path = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        Source { path, code: blank(&text), text }
    };
    files.into_iter().map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Replaces comments and the contents of texts and characters by spaces.
pub fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => comment_end(bytes, at),
            b'r' | b'b' | b'c' if !follows_word(bytes, at) => literal_end(bytes, at),
            b'"' => text_end(bytes, at + 1),
            b'\'' => character_end(bytes, at),
            _ => at,
        };
        if end == at {
            at += 1;
            continue;
        }
        for byte in &mut code[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8_lossy(&code).into_owned()
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut depth, mut at) = (0, at);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The end of a text after its opening quote.
fn text_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a literal with a prefix (`r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"`), or `at` itself.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let letters = bytes[at..].iter().take_while(|byte| matches!(byte, b'r' | b'b' | b'c')).count();
    let raw = bytes[at..at + letters].contains(&b'r');
    let hashes = bytes[at + letters..].iter().take_while(|byte| **byte == b'#').count();
    let quote = at + letters + hashes;
    if letters > 2 || bytes.get(quote) != Some(&b'"') || (hashes > 0 && !raw) {
        return at;
    }
    if !raw {
        return text_end(bytes, quote + 1);
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let found = bytes[quote + 1..].windows(close.len()).position(|part| part == close);
    found.map_or(bytes.len(), |length| quote + 1 + length + close.len())
}

/// The end of a character literal, or `at` itself where the quote begins a lifetime.
fn character_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        return bytes[at + 3..].iter().position(|byte| *byte == b'\'').map_or(at, |length| at + 3 + length + 1);
    }
    let width = bytes.get(at + 1).map_or(1, |byte| match byte {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    });
    if bytes.get(at + 1 + width) == Some(&b'\'') { at + width + 2 } else { at }
}

/// The code without what is compiled for tests only.
pub fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..start]);
        let tests = &rest[start..];
        let end = match (tests.find('{'), tests.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|semicolon| open < semicolon) => open + closing(&tests[open..]),
            (_, Some(semicolon)) => semicolon + 1,
            _ => tests.len(),
        };
        kept.extend(tests[..end].chars().filter(|character| *character == '\n'));
        rest = &tests[end..];
    }
    kept + rest
}

/// The length of a block from its opening brace to its closing one.
fn closing(code: &str) -> usize {
    let mut depth = 0;
    for (at, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Each function's first line, name and number of lines.
pub fn functions(code: &str) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        if follows_word(code.as_bytes(), start) {
            continue;
        }
        let rest = &code[start + 3..];
        let name: String = rest.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
        let Some(open) = rest.find('{') else { continue };
        if name.is_empty() || rest[..open].contains(';') {
            continue;
        }
        let lines = rest[..open + closing(&rest[open..])].lines().count();
        found.push((code[..start].matches('\n').count() + 1, name, lines));
    }
    found
}

/// The lines of a file in which one of the words stands, as `path:line: text`.
pub fn lines_with(source: &Source, code: &str, words: &[&str]) -> Vec<String> {
    let hits = code.lines().enumerate().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
    hits.map(|(number, line)| format!("{}:{}: {}", source.path, number + 1, line.trim())).collect()
}

/// The paths, without `.rs`, of the modules that are declared for tests only.
pub fn test_modules(sources: &[Source]) -> Vec<String> {
    let mut modules = Vec::new();
    for source in sources {
        let (folder, file) = source.path.rsplit_once('/').unwrap_or_default();
        let own = file.trim_end_matches(".rs");
        let inside = if ["mod", "lib", "main"].contains(&own) { folder.to_owned() } else { format!("{folder}/{own}") };
        for (at, mark) in source.code.match_indices("#[cfg(test)]") {
            let declared = source.code[at + mark.len()..].split(';').next().unwrap_or_default().trim();
            let name = declared.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ").strip_prefix("mod ");
            modules.extend(name.map(|name| format!("{inside}/{}", name.trim())));
        }
    }
    modules
}

/// The files of `src` that are compiled for more than tests, each with its code.
pub fn code_of_the_crate() -> Vec<(String, String)> {
    let all = sources("src");
    let tests = test_modules(&all);
    let kept = all.into_iter().filter(|source| !is_of(&tests, &source.path));
    kept.map(|source| (source.path, without_tests(&source.code))).collect()
}

/// Whether a file belongs to one of these modules.
pub fn is_of(modules: &[String], path: &str) -> bool {
    modules.iter().any(|module| path.starts_with(&format!("{module}.rs")) || path.starts_with(&format!("{module}/")))
}

#[test]
fn comments_and_texts_are_not_taken_for_code() {
    let text = "let a = \"actix\"; // diesel\nlet b = r#\"x\"y\"#; let c: &'static str; let d = '\"'; /* fn */ let e = b\"{\";";
    let code = blank(text);
    assert_eq!(code.len(), text.len());
    for word in ["actix", "diesel", "\"", "{", "fn"] {
        assert!(!code.contains(word), "{word} in {code}");
    }
    assert!(code.contains("let e") && code.contains("'static str"), "{code}");
}

#[test]
fn functions_are_measured_to_their_last_brace() {
    let code = "trait T { fn bare(); }\nfn one() {\n    if a {\n    }\n}\nfn two() { b }\n";
    assert_eq!(functions(code), [(2, "one".to_owned(), 4), (6, "two".to_owned(), 1)]);
    let tested = without_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { x.unwrap() }\n}\nfn c() {}\n");
    assert!(!tested.contains("unwrap") && tested.contains("fn c"), "{tested}");
}
