//! Who imports whom, as the compiler would read it: the modules of a crate, and the paths that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Item, ItemMod, UseTree};

use crate::root;

/// A module's place in its crate: `["store", "save"]`; nothing for the root.
pub(crate) type Module = Vec<String>;

/// The modules of a crate that stand in files of their own.
pub(crate) struct Crate {
    files: BTreeMap<Module, Source>,
}

/// What one file says.
#[derive(Default)]
struct Source {
    /// The paths that it names, from the crate's root.
    named: Vec<Vec<String>>,
    /// What it passes on from elsewhere: the name here, and the path there.
    passed_on: BTreeMap<String, Vec<String>>,
}

impl Crate {
    /// Reads a crate's production code.
    pub(crate) fn read(folder: &str) -> Self {
        let mut files = BTreeMap::new();
        read_module(&root().join(folder), &[], &mut files);
        Self { files }
    }

    /// The names at the crate's root.
    pub(crate) fn rooms(&self) -> BTreeSet<String> {
        self.files.keys().filter_map(|module| module.first().cloned()).collect()
    }

    /// Which file takes something from which other. That a module takes from the one that holds it is no import of a
    /// neighbour's.
    pub(crate) fn arrows(&self) -> BTreeSet<(Module, Module)> {
        let mut arrows = BTreeSet::new();
        for (from, source) in &self.files {
            for named in &source.named {
                let to = self.file_of(named, 0);
                if !from.starts_with(&to) && !to.is_empty() {
                    arrows.insert((from.clone(), to));
                }
            }
        }
        arrows
    }

    /// The file where a path ends, through what is passed on.
    fn file_of(&self, path: &[String], depth: usize) -> Module {
        let known = |length: &usize| self.files.contains_key(&path[..*length]);
        let length = (0..=path.len()).rev().find(known).unwrap();
        let module = &path[..length];
        let passed_on = path.get(length).and_then(|name| self.files[module].passed_on.get(name));
        match passed_on {
            Some(origin) if depth < 8 => self.file_of(origin, depth + 1),
            _ => module.to_vec(),
        }
    }
}

/// Reads the file of a module, and those of the modules in it.
fn read_module(folder: &Path, module: &[String], files: &mut BTreeMap<Module, Source>) {
    let path = if module.is_empty() {
        folder.join("lib.rs")
    } else {
        let stem: std::path::PathBuf = module.iter().collect();
        let own = folder.join(&stem).with_extension("rs");
        if own.exists() { own } else { folder.join(stem).join("mod.rs") }
    };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = Reader { module, source: Source::default() };
    reader.visit_file(&file);
    files.insert(module.to_vec(), reader.source);
    for item in &file.items {
        if let Item::Mod(ItemMod { ident, content: None, attrs, .. }) = item
            && !is_test(attrs)
        {
            let mut inner = module.to_vec();
            inner.push(ident.to_string());
            read_module(folder, &inner, files);
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

struct Reader<'a> {
    module: &'a [String],
    source: Source,
}

impl Reader<'_> {
    /// The path from the crate's root; nothing if it leads out of the crate.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base = match path.first()?.as_str() {
            "crate" => Module::new(),
            "self" => self.module.to_vec(),
            "super" => self.module[..self.module.len().checked_sub(1)?].to_vec(),
            _ => return None,
        };
        for segment in &path[1..] {
            if segment == "super" {
                base.pop();
            } else {
                base.push(segment.clone());
            }
        }
        Some(base)
    }

    fn take(&mut self, path: &[String], is_public: bool) {
        // `pub use save::Saved` names a module in this one.
        let inner = || {
            let mut inner = self.module.to_vec();
            inner.extend_from_slice(path);
            inner
        };
        let absolute = self.absolute(path).unwrap_or_else(inner);
        if is_public && let Some(name) = path.last() {
            self.source.passed_on.insert(name.clone(), absolute);
        } else if self.absolute(path).is_some() {
            self.source.named.push(absolute);
        }
    }
}

/// The paths of a `use`, each whole.
fn paths(tree: &UseTree, before: &[String]) -> Vec<Vec<String>> {
    let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    match tree {
        UseTree::Path(path) => paths(&path.tree, &with(&path.ident)),
        UseTree::Name(name) if name.ident == "self" => vec![before.to_vec()],
        UseTree::Name(name) => vec![with(&name.ident)],
        UseTree::Rename(rename) => vec![with(&rename.ident)],
        UseTree::Glob(_) => vec![before.to_vec()],
        UseTree::Group(group) => group.items.iter().flat_map(|tree| paths(tree, before)).collect(),
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        for path in paths(&item.tree, &[]) {
            self.take(&path, is_public);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.take(&segments, false);
        visit::visit_path(self, path);
    }
}
