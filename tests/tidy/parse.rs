//! What a file declares, imports and names: read off its words, without a compiler.
use std::collections::{HashMap, HashSet};

/// The modules that lead to one, from the root of the crate.
pub type Address = Vec<String>;

/// A module: a file, or a block `mod … { … }` within one.
#[derive(Debug, Default)]
pub struct Module {
    pub file: String,
    pub children: HashSet<String>,
    pub names: HashMap<String, Name>,
    /// What `use …::*` imports from.
    pub globs: Vec<Vec<String>>,
}

/// What a name in a module stands for.
#[derive(Debug, Clone)]
pub enum Name {
    /// An item of this file.
    Item(String),
    /// What this path leads to; whether others may import it from here.
    Import { path: Vec<String>, public: bool },
}

/// A path as it is written somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub line: usize,
    pub module: Address,
    pub path: Vec<String>,
    pub how: How,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    Import,
    /// `pub use`, by this name.
    Export(String),
    Glob,
    /// `a::b` in the midst of the code.
    Inline,
}

/// A file: its modules, the paths written in it, and the names it uses outside of imports.
#[derive(Debug, Default)]
pub struct File {
    pub modules: Vec<(Address, Module)>,
    pub written: Vec<Written>,
    pub used: HashSet<String>,
    /// Macros that the whole crate knows by name.
    pub macros: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
struct Token<'c> {
    text: &'c str,
    line: usize,
}

impl Token<'_> {
    fn is_word(self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

/// The words, the `::` between them, and every other character by itself.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for (number, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let length = match first {
                _ if word(first) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            tokens.push(Token { text: &rest[..length], line: number + 1 });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// The address of the module that a file of `src` holds. The binary is a crate of its own.
pub fn address(path: &str) -> Address {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Address = inner.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") || parts == ["lib"] {
        parts.pop();
    }
    parts
}

struct Parser<'c> {
    tokens: Vec<Token<'c>>,
    at: usize,
    file: String,
    /// The modules the place lies in, each with the depth of its block and its place in the result.
    within: Vec<(usize, usize)>,
    depth: usize,
    result: File,
}

/// Reads the code of a file.
pub fn parse(path: &str, code: &str) -> File {
    let module = Module { file: path.to_owned(), ..Module::default() };
    let result = File { modules: vec![(address(path), module)], ..File::default() };
    let mut parser = Parser { tokens: tokens(code), at: 0, file: path.to_owned(), within: vec![(0, 0)], depth: 0, result };
    while parser.at < parser.tokens.len() {
        parser.step();
    }
    parser.result
}

impl<'c> Parser<'c> {
    fn ahead(&self, by: usize) -> &'c str {
        self.tokens.get(self.at + by).map_or("", |token| token.text)
    }
    fn is_word(&self, by: usize) -> bool {
        self.tokens.get(self.at + by).is_some_and(|token| token.is_word())
    }
    fn before(&self) -> &'c str {
        self.at.checked_sub(1).map_or("", |at| self.tokens[at].text)
    }
    fn line(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |token| token.line)
    }
    fn here(&self) -> (usize, usize) {
        self.within.last().copied().unwrap_or_default()
    }
    fn module(&mut self) -> &mut Module {
        let (_, place) = self.here();
        &mut self.result.modules[place].1
    }
    fn write(&mut self, line: usize, path: Vec<String>, how: How) {
        let (_, place) = self.here();
        let module = self.result.modules[place].0.clone();
        self.result.written.push(Written { line, module, path, how });
    }

    fn step(&mut self) {
        let (depth, _) = self.here();
        match self.ahead(0) {
            "{" => self.depth += 1,
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                if self.within.len() > 1 && self.depth < depth {
                    self.within.pop();
                }
            }
            "use" if self.before() != "+" => return self.import(),
            "mod" if self.is_word(1) => return self.child(),
            "macro_rules" if self.ahead(1) == "!" => return self.macro_rules(),
            "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" if self.depth == depth => self.item(),
            _ if self.is_word(0) && !["::", "."].contains(&self.before()) => return self.inline(),
            _ => {}
        }
        self.at += 1;
    }

    fn item(&mut self) {
        let name = self.ahead(1).to_owned();
        if self.is_word(1) && !["fn", "unsafe", "async", "mut"].contains(&name.as_str()) {
            let file = self.file.clone();
            self.module().names.entry(name).or_insert(Name::Item(file));
        }
    }

    fn child(&mut self) {
        let name = self.ahead(1).to_owned();
        self.module().children.insert(name.clone());
        self.at += 2;
        if self.ahead(0) == "{" {
            self.enter(name);
        }
    }

    /// Goes into a block that is a module of its own.
    fn enter(&mut self, name: String) {
        let (_, place) = self.here();
        let address = [self.result.modules[place].0.clone(), vec![name]].concat();
        self.result.modules.push((address, Module { file: self.file.clone(), ..Module::default() }));
        self.depth += 1;
        self.within.push((self.depth, self.result.modules.len() - 1));
        self.at += 1;
    }

    fn macro_rules(&mut self) {
        let (name, file) = (self.ahead(2).to_owned(), self.file.clone());
        self.result.macros.push(name.clone());
        self.module().names.insert(name, Name::Item(file));
        self.at += 3;
    }

    /// A name, or a path such as `a::b::C`.
    fn inline(&mut self) {
        let line = self.line();
        let mut path = vec![self.ahead(0).to_owned()];
        // The fragments of a macro are no names; `$crate` is the crate.
        let fragment = self.before() == "$" && path[0] != "crate";
        self.at += 1;
        while self.ahead(0) == "::" && self.is_word(1) {
            path.push(self.ahead(1).to_owned());
            self.at += 2;
        }
        // Diesel's macro makes a module in which `super` is the file's.
        if path.last().is_some_and(|last| last == "table") && self.ahead(0) == "!" && self.ahead(1) == "{" {
            self.at += 1;
            return self.enter("table!".to_owned());
        }
        if fragment {
            return;
        }
        self.result.used.insert(path[0].clone());
        if path.len() > 1 {
            self.write(line, path, How::Inline);
        }
    }

    fn import(&mut self) {
        let public = ["pub", ")"].contains(&self.before());
        self.at += 1;
        self.tree(&[], public);
    }

    /// One branch of what is imported: a path, a group of them, or everything.
    fn tree(&mut self, prefix: &[String], public: bool) {
        let mut path = prefix.to_vec();
        let line = self.line();
        while self.at < self.tokens.len() {
            match self.ahead(0) {
                "::" | "$" => self.at += 1,
                "{" => return self.group(&path, public),
                "*" => {
                    self.at += 1;
                    self.module().globs.push(path.clone());
                    return self.write(line, path, How::Glob);
                }
                word => {
                    path.push(word.to_owned());
                    self.at += 1;
                    if self.ahead(0) != "::" {
                        return self.named(line, path, public);
                    }
                }
            }
        }
    }

    fn group(&mut self, path: &[String], public: bool) {
        self.at += 1;
        while self.at < self.tokens.len() && self.ahead(0) != "}" {
            self.tree(path, public);
            if self.ahead(0) == "," {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    /// The end of a path, with the name it is to have here.
    fn named(&mut self, line: usize, mut path: Vec<String>, public: bool) {
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let mut name = path.last().cloned().unwrap_or_default();
        if self.ahead(0) == "as" {
            name = self.ahead(1).to_owned();
            self.at += 2;
        }
        let how = if public { How::Export(name.clone()) } else { How::Import };
        self.write(line, path.clone(), how);
        if name != "_" {
            self.module().names.insert(name, Name::Import { path, public });
        }
    }
}

#[test]
fn imports_are_read_with_their_groups_and_names() {
    let code = "use crate::a::{self, b::{C, D as E}, f::*};\npub(crate) use self::x::Y;\nfn g() { super::h::i(j::K) }\n";
    let file = parse("src/m/mod.rs", code);
    let told: Vec<String> = file.written.iter().map(|one| format!("{}:{}", one.line, one.path.join("::"))).collect();
    let all = ["1:crate::a", "1:crate::a::b::C", "1:crate::a::b::D", "1:crate::a::f", "2:self::x::Y", "3:super::h::i", "3:j::K"];
    assert_eq!(told, all);
    assert_eq!(file.written[4].how, How::Export("Y".to_owned()));
    let (address, module) = &file.modules[0];
    assert_eq!(*address, ["m"]);
    assert!(["a", "C", "E", "Y", "g"].iter().all(|name| module.names.contains_key(*name)), "{module:?}");
    assert!(!module.names.contains_key("D") && module.globs.len() == 1, "{module:?}");
}

#[test]
fn blocks_are_modules_of_their_own_and_fragments_of_macros_are_no_names() {
    let code =
        "pub mod inner { pub use super::a::B; }\nmacro_rules! m { ($x:ident) => { $x::c(); $crate::d::e() }; }\nmod leaf;\n";
    let file = parse("src/lib.rs", code);
    let told: Vec<(String, String)> = file.written.iter().map(|one| (one.module.join("::"), one.path.join("::"))).collect();
    let pair = |module: &str, path: &str| (module.to_owned(), path.to_owned());
    assert_eq!(told, [pair("inner", "super::a::B"), pair("", "crate::d::e")]);
    assert_eq!(file.macros, ["m"]);
    assert!(file.modules[0].1.children.contains("leaf"));
}
