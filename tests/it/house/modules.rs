//! The modules of this crate and which of them use which, as the compiler would see it without tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::Visit;

/// A module's path below the crate, such as `campaign`, `machine`, `decide`.
type Name = Vec<String>;

/// For each module, those that it uses.
pub(super) type Uses = BTreeMap<String, BTreeSet<String>>;

/// A file of the product.
pub(super) struct File {
    name: Name,
    /// Below the repository.
    path: String,
    text: String,
    syntax: syn::File,
}

impl File {
    pub(super) fn room(&self) -> &str {
        self.name.first().map_or("", String::as_str)
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Its lines with their numbers, up to the tests at its end.
    pub(super) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let tests =
            lines.windows(2).position(|two| two[0] == "#[cfg(test)]" && two[1].starts_with("mod tests {"));
        let product = tests.unwrap_or(lines.len());
        lines.into_iter().take(product).enumerate().map(|(at, line)| (at + 1, line))
    }
}

/// All of them.
pub(super) struct Modules {
    files: Vec<File>,
    names: BTreeSet<Name>,
    /// What a module shows of its children under its own name: `(module, item)` to the child.
    shown: BTreeMap<(Name, String), Name>,
}

impl Modules {
    pub(super) fn of_this_crate() -> Self {
        let mut modules = Self { files: Vec::new(), names: BTreeSet::new(), shown: BTreeMap::new() };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        modules.read(&source.join("lib.rs"), &source, &Name::new());
        let mut shown = BTreeMap::new();
        for file in &modules.files {
            for path in paths(&file.syntax, &file.name, true) {
                let from_child =
                    |child: &Name| child.len() > file.name.len() && child.starts_with(&file.name);
                if let (Some(child), Some(item)) = (modules.module_of(&path), path.last())
                    && from_child(&child)
                {
                    shown.insert((file.name.clone(), item.clone()), child);
                }
            }
        }
        modules.shown = shown;
        modules
    }

    /// Reads a module and those that it declares; `folder` is where its children lie.
    fn read(&mut self, path: &Path, folder: &Path, name: &Name) {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut syntax = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        without_tests(&mut syntax.items);
        self.names.insert(name.clone());
        for item in &syntax.items {
            let syn::Item::Mod(child) = item else { continue };
            let ident = child.ident.to_string();
            let name = [name.as_slice(), std::slice::from_ref(&ident)].concat();
            if child.content.is_some() {
                self.names.insert(name);
                continue;
            }
            let (flat, nested) = (folder.join(format!("{ident}.rs")), folder.join(&ident));
            let file = if flat.exists() { flat } else { nested.join("mod.rs") };
            self.read(&file, &nested, &name);
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.strip_prefix(root).unwrap().display().to_string();
        self.files.push(File { name: name.clone(), path, text, syntax });
    }

    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// The innermost module that a path from the crate's root leads into.
    fn module_of(&self, path: &[String]) -> Option<Name> {
        (1..=path.len()).rev().map(|n| path[..n].to_vec()).find(|name| self.names.contains(name))
    }

    /// Where the thing stands that a path names.
    fn home_of(&self, path: &[String]) -> Option<Name> {
        let mut module = self.module_of(path)?;
        let mut rest = path[module.len()..].to_vec();
        while let Some(child) = rest.first().and_then(|item| self.shown.get(&(module.clone(), item.clone())))
        {
            if *child == module {
                break;
            }
            module.clone_from(child);
            rest.truncate(1);
        }
        Some(module)
    }

    /// All that one file uses, each by the module in which it stands.
    fn used_by(&self, file: &File) -> BTreeSet<Name> {
        let homes = |shown: bool| {
            paths(&file.syntax, &file.name, shown).into_iter().filter_map(|path| self.home_of(&path))
        };
        // What a module shows of its children is their users' arrow, not its own.
        let shown = homes(true).filter(|name| !name.starts_with(&file.name));
        homes(false).chain(shown).filter(|name| *name != file.name).collect()
    }

    /// For each room, the other rooms that it uses.
    pub(super) fn rooms(&self) -> Uses {
        let mut uses = self.between(&Name::new());
        // What `lib.rs` itself holds is everybody's.
        for used in uses.values_mut() {
            used.retain(|room| !room.is_empty());
        }
        uses
    }

    /// For each folder, the modules in it and which of them use which.
    pub(super) fn folders(&self) -> BTreeMap<String, Uses> {
        let parents: BTreeSet<Name> = self
            .names
            .iter()
            .filter(|name| name.len() > 1)
            .map(|name| name[..name.len() - 1].to_vec())
            .collect();
        parents.into_iter().map(|parent| (parent.join("::"), self.between(&parent))).collect()
    }

    /// For each child of a module, the children beside it that it or what is inside of it uses.
    fn between(&self, parent: &Name) -> Uses {
        let child = |name: &Name| {
            (name.len() > parent.len() && name.starts_with(parent)).then(|| name[..=parent.len()].join("::"))
        };
        let mut uses = Uses::new();
        for file in &self.files {
            let Some(from) = child(&file.name) else { continue };
            let used =
                self.used_by(file).iter().filter_map(child).filter(|to| *to != from).collect::<Vec<_>>();
            uses.entry(from).or_default().extend(used);
        }
        uses
    }
}

/// Those that use each other, each group once.
pub(super) fn cycles(uses: &Uses) -> BTreeSet<String> {
    let reached = |from: &String| -> BTreeSet<String> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(next) = open.pop() {
            for to in uses.get(&next).into_iter().flatten() {
                if seen.insert(to.clone()) {
                    open.push(to.clone());
                }
            }
        }
        seen
    };
    let all: BTreeMap<&String, BTreeSet<String>> = uses.keys().map(|name| (name, reached(name))).collect();
    let group = |name: &String| -> Vec<String> {
        all.keys()
            .filter(|other| all[name].contains(**other) && all[*other].contains(name))
            .map(|o| (*o).clone())
            .collect()
    };
    uses.keys().filter(|name| all[name].contains(*name)).map(|name| group(name).join(" <-> ")).collect()
}

fn without_tests(items: &mut Vec<syn::Item>) {
    items.retain(|item| !attributes(item).iter().any(is_test));
    for item in items {
        if let syn::Item::Mod(syn::ItemMod { content: Some((_, inner)), .. }) = item {
            without_tests(inner);
        }
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(i) => &i.attrs,
        syn::Item::Use(i) => &i.attrs,
        syn::Item::Fn(i) => &i.attrs,
        syn::Item::Impl(i) => &i.attrs,
        syn::Item::Const(i) => &i.attrs,
        syn::Item::Static(i) => &i.attrs,
        syn::Item::Struct(i) => &i.attrs,
        syn::Item::Enum(i) => &i.attrs,
        syn::Item::ExternCrate(i) => &i.attrs,
        syn::Item::Type(i) => &i.attrs,
        _ => &[],
    }
}

fn is_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && matches!(&attribute.meta, syn::Meta::List(list) if list.tokens.to_string() == "test")
}

/// All paths of a file that lead into this crate, from its root; only those that it shows to others, or all.
fn paths(file: &syn::File, module: &Name, shown: bool) -> Vec<Name> {
    let mut found = Found { module: module.clone(), shown, paths: Vec::new(), own: BTreeSet::new() };
    for item in &file.items {
        if let syn::Item::Mod(child) = item {
            found.own.insert(child.ident.to_string());
        }
    }
    found.visit_file(file);
    found.paths
}

struct Found {
    module: Name,
    shown: bool,
    paths: Vec<Name>,
    /// The children of the module, which need no `self`.
    own: BTreeSet<String>,
}

impl Found {
    /// Takes a path, if it leads into this crate.
    fn take(&mut self, words: &[String]) {
        let mut at = self.module.clone();
        let rest = match words.first().map(String::as_str) {
            Some("crate") => {
                at.clear();
                &words[1..]
            }
            Some("self") => &words[1..],
            Some("super") => {
                let up = words.iter().take_while(|word| *word == "super").count();
                at.truncate(at.len().saturating_sub(up));
                &words[up..]
            }
            Some(own) if self.own.contains(own) && words.len() > 1 => words,
            _ => return,
        };
        self.paths.push([at.as_slice(), rest].concat());
    }

    fn tree(&mut self, before: &mut Vec<String>, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(before, &path.tree);
                before.pop();
            }
            syn::UseTree::Name(name) => self.leaf(before, &name.ident.to_string()),
            syn::UseTree::Rename(name) => self.leaf(before, &name.ident.to_string()),
            syn::UseTree::Glob(_) => self.take(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree)),
        }
    }

    fn leaf(&mut self, before: &[String], name: &str) {
        let words: Vec<String> = if name == "self" {
            before.to_vec()
        } else {
            before.iter().cloned().chain([name.to_owned()]).collect()
        };
        self.take(&words);
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let shows = !matches!(item.vis, syn::Visibility::Inherited);
        if shows == self.shown {
            self.tree(&mut Vec::new(), &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if !self.shown {
            let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.take(&words);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        // Arguments of most macros are expressions.
        let parse = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = call.parse_body_with(parse) {
            arguments.iter().for_each(|argument| syn::visit::visit_expr(self, argument));
        }
        syn::visit::visit_macro(self, call);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::campaign)` uses nothing.
    }
}
