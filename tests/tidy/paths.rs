//! From written paths to the files that define what they name.
//!
//! A path is followed word by word, from the crate, the module itself, its parent, or a name the module imports or
//! declares. A name that a module hands on by `pub use` leads on to where it is defined, so a module that only hands on is
//! nobody's dependency; one that it imports for itself leads no further. What nobody declares (what macros make, variants,
//! functions of types) stands where the path got to last.
use super::parse::{Address, How, Module, Name, Written, parse};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The name of this crate for its binary.
const OWN: &str = "holdfast";

/// One file uses something of another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    pub line: usize,
    pub path: String,
}

impl std::fmt::Display for Arrow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{} uses {} of {}", self.from, self.line, self.path, self.to)
    }
}

/// Where a path leads, and the files of the modules it leads through.
#[derive(Debug, Clone)]
struct Found {
    end: End,
    through: Vec<String>,
}

#[derive(Debug, Clone)]
enum End {
    Module(Address),
    File(String),
}

/// All modules of the crate, and all paths written in them.
#[derive(Default)]
pub struct House {
    modules: HashMap<Address, Module>,
    written: Vec<(String, Written)>,
    used: HashMap<String, HashSet<String>>,
}

impl House {
    /// Reads files, given with their paths, as `src/a/b.rs`.
    pub fn of<'c>(files: impl IntoIterator<Item = (&'c str, &'c str)>) -> House {
        let mut house = House::default();
        let mut macros = Vec::new();
        for (path, code) in files {
            let file = parse(path, code);
            macros.extend(file.macros.into_iter().map(|name| (name, path.to_owned())));
            house.modules.extend(file.modules);
            house.written.extend(file.written.into_iter().map(|one| (path.to_owned(), one)));
            house.used.insert(path.to_owned(), file.used);
        }
        let root = house.modules.entry(Vec::new()).or_default();
        for (name, file) in macros {
            root.names.entry(name).or_insert(Name::Item(file));
        }
        house
    }

    /// Who uses which file, by what is used in the end: what only hands on counts for nothing, nor does an import of a
    /// module, for what is taken from it is named elsewhere.
    pub fn uses(&self) -> BTreeSet<Arrow> {
        let mut arrows = BTreeSet::new();
        for (file, one) in &self.written {
            let idle = matches!(&one.how, How::Export(name) if !self.used[file].contains(name));
            let Some(found) = self.follow(file, one).filter(|_| !idle) else { continue };
            match (&one.how, found.end) {
                (_, End::File(to)) => arrows.extend(arrow(file, to, one, None)),
                (How::Glob, End::Module(module)) => arrows.extend(self.taken(file, one, &module)),
                (_, End::Module(_)) => {}
            }
        }
        arrows
    }

    /// What a file uses of all that it imports from a module.
    fn taken(&self, file: &str, one: &Written, module: &Address) -> Vec<Arrow> {
        let names = self.names_of(module, &mut HashSet::new());
        let names = names.into_iter().filter(|name| self.used[file].contains(name));
        let ends = names.filter_map(|name| match self.look_up(file, module, &name, false, &mut HashSet::new())?.end {
            End::File(to) => arrow(file, to, one, Some(&name)),
            End::Module(_) => None,
        });
        ends.collect()
    }

    /// Who names which file, the modules on the way included.
    pub fn mentions(&self) -> BTreeSet<Arrow> {
        let mut arrows = BTreeSet::new();
        for (file, one) in &self.written {
            let Some(found) = self.follow(file, one) else { continue };
            let end = match found.end {
                End::File(end) => Some(end),
                End::Module(module) => self.modules.get(&module).map(|module| module.file.clone()),
            };
            let all = found.through.into_iter().chain(end);
            arrows.extend(all.filter_map(|to| arrow(file, to, one, None)));
        }
        arrows
    }

    fn follow(&self, file: &str, one: &Written) -> Option<Found> {
        self.resolve(file, &one.module, &one.path, &mut HashSet::new())
    }

    fn resolve(&self, asker: &str, from: &Address, path: &[String], seen: &mut HashSet<(Address, String)>) -> Option<Found> {
        let (first, mut rest) = path.split_first()?;
        let mut found = match first.as_str() {
            "crate" | OWN => Found { end: End::Module(Vec::new()), through: Vec::new() },
            "self" => Found { end: End::Module(from.clone()), through: Vec::new() },
            "super" => Found { end: End::Module(parent(from)), through: Vec::new() },
            name => self.look_up(asker, from, name, !rest.is_empty(), seen)?,
        };
        while let (End::Module(module), Some((next, behind))) = (&found.end, rest.split_first()) {
            rest = behind;
            let module = module.clone();
            let mut step = match next.as_str() {
                "super" => Found { end: End::Module(parent(&module)), through: Vec::new() },
                name => match self.look_up(asker, &module, name, !rest.is_empty(), seen) {
                    Some(step) => step,
                    None => Found { end: End::File(self.modules.get(&module)?.file.clone()), through: Vec::new() },
                },
            };
            found.through.extend(self.modules.get(&module).map(|module| module.file.clone()));
            found.through.append(&mut step.through);
            found.end = step.end;
        }
        Some(found)
    }

    /// What a name in a module stands for; a module rather than an item of its name where the path goes on.
    fn look_up(
        &self,
        asker: &str,
        address: &Address,
        name: &str,
        goes_on: bool,
        seen: &mut HashSet<(Address, String)>,
    ) -> Option<Found> {
        let module = self.modules.get(address)?;
        let own = module.names.get(name);
        let end = |end: End| Some(Found { end, through: Vec::new() });
        if module.children.contains(name) && (goes_on || own.is_none()) {
            let child = [address.clone(), vec![name.to_owned()]].concat();
            return end(if self.modules.contains_key(&child) { End::Module(child) } else { End::File(module.file.clone()) });
        }
        match own {
            Some(Name::Item(file)) => return end(End::File(file.clone())),
            Some(Name::Import { public: false, .. }) if module.file != asker => return end(End::File(module.file.clone())),
            Some(Name::Import { path, .. }) => {
                let new = seen.insert((address.clone(), name.to_owned()));
                return if new { self.resolve(&module.file, address, path, seen) } else { None };
            }
            None => {}
        }
        module.globs.iter().find_map(|glob| {
            if !seen.insert((address.clone(), format!("{}::{name}", glob.join("::")))) {
                return None;
            }
            let End::Module(from) = self.resolve(&module.file, address, glob, seen)?.end else { return None };
            self.look_up(asker, &from, name, goes_on, seen)
        })
    }

    fn names_of(&self, address: &Address, seen: &mut HashSet<Address>) -> BTreeSet<String> {
        let Some(module) = self.modules.get(address).filter(|_| seen.insert(address.clone())) else { return BTreeSet::new() };
        let mut names: BTreeSet<String> = module.names.keys().cloned().collect();
        for glob in &module.globs {
            if let Some(End::Module(from)) = self.resolve(&module.file, address, glob, &mut HashSet::new()).map(|found| found.end)
            {
                names.extend(self.names_of(&from, seen));
            }
        }
        names
    }
}

fn parent(address: &Address) -> Address {
    address[..address.len().saturating_sub(1)].to_vec()
}

fn arrow(from: &str, to: String, one: &Written, name: Option<&str>) -> Option<Arrow> {
    let path = one.path.iter().map(String::as_str).chain(name).collect::<Vec<_>>().join("::");
    (from != to).then(|| Arrow { from: from.to_owned(), to, line: one.line, path })
}

/// Every arrow's ends, once each.
pub fn pairs(arrows: &BTreeSet<Arrow>) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut pairs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows {
        pairs.entry(&arrow.from).or_default().insert(&arrow.to);
    }
    pairs
}

/// Who uses whom in some files, as `a > b`.
#[cfg(test)]
fn ends(files: &[(&'static str, &'static str)]) -> BTreeSet<String> {
    let arrows = House::of(files.iter().copied()).uses();
    arrows.iter().map(|arrow| format!("{} > {}", arrow.from, arrow.to)).collect()
}

#[test]
fn a_module_that_hands_on_is_nobodys_dependency() {
    let files = [
        ("src/lib.rs", "pub mod a;\npub mod b;\n"),
        ("src/a/mod.rs", "mod c;\npub use c::C;\n"),
        ("src/a/c.rs", "pub struct C;\n"),
        ("src/b.rs", "use crate::a::C;\nfn f() { crate::a::C::new() }\n"),
    ];
    assert_eq!(ends(&files), BTreeSet::from(["src/b.rs > src/a/c.rs".to_owned()]));
}

#[test]
fn what_a_module_imports_for_itself_is_its_own_when_others_take_it_from_there() {
    let files = [
        ("src/lib.rs", "mod a;\nmod b;\n"),
        ("src/a.rs", "mod c;\nuse crate::b::B;\npub fn f(b: B) {}\n"),
        ("src/a/c.rs", "use super::B;\n"),
        ("src/b.rs", "pub struct B;\n"),
    ];
    assert_eq!(ends(&files), BTreeSet::from(["src/a.rs > src/b.rs", "src/a/c.rs > src/a.rs"].map(str::to_owned)));
}

#[test]
fn everything_of_a_module_is_what_is_used_of_it() {
    let files = [
        ("src/lib.rs", "mod a;\nmod b;\nmod c;\n"),
        ("src/a.rs", "pub mod prelude { pub use crate::b::B; pub use crate::c::C; }\n"),
        ("src/b.rs", "pub struct B;\n"),
        ("src/c.rs", "use crate::a::prelude::*;\npub struct C;\nfn f(b: B) {}\n"),
    ];
    assert_eq!(ends(&files), BTreeSet::from(["src/c.rs > src/b.rs".to_owned()]));
}

#[test]
fn macros_are_found_by_their_name_and_lead_on_by_their_text() {
    let files = [
        ("src/lib.rs", "mod a;\nmod b;\nmod c;\n"),
        ("src/a.rs", "#[macro_export]\nmacro_rules! made { () => { $crate::b::B } }\n"),
        ("src/b.rs", "pub struct B;\n"),
        ("src/c.rs", "use crate::made;\n"),
    ];
    assert_eq!(ends(&files), BTreeSet::from(["src/a.rs > src/b.rs", "src/c.rs > src/a.rs"].map(str::to_owned)));
}
