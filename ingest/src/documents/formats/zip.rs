//! Archives of documents: each file in them is read as if it were handed in by itself, with the sidecar beside it.

use std::collections::HashMap;

use super::super::archive::Archive;
use super::super::{About, Handed, Reader, Reading, extension, identity, sidecar_names};
use super::Format;

/// An archive may lie in an archive, but no deeper.
const MAX_DEPTH: u32 = 2;

pub(in super::super) fn read(
    reader: &mut Reader,
    file: Handed<'_>,
    about: &About,
    reading: &mut Reading,
) -> Result<(), String> {
    if reader.depth >= MAX_DEPTH {
        return Err("holds archives within archives within archives: unpack it first".to_owned());
    }
    reader.depth += 1;
    let done = read_members(reader, file, about, reading);
    reader.depth -= 1;
    done
}

fn read_members(reader: &mut Reader, file: Handed<'_>, about: &About, reading: &mut Reading) -> Result<(), String> {
    let mut archive = Archive::open(file.bytes, &mut reader.budget)?;
    let names: Vec<String> = archive.names().filter(|name| !is_litter(name)).map(str::to_owned).collect();
    let mut sidecars: HashMap<&str, String> = HashMap::new();
    for name in names.iter().filter(|name| extension(name) == "toml") {
        let bytes = archive.read(name, &mut reader.budget)?.unwrap_or_default();
        sidecars.insert(name, String::from_utf8_lossy(&bytes).into_owned());
    }
    let mut first_problem = None;
    let before = reading.documents.len();
    for name in names.iter().filter(|name| extension(name) != "toml") {
        let whole = format!("{}/{name}", identity(file.name));
        let sidecar = sidecar_names(name).into_iter().find_map(|beside| sidecars.get(beside.as_str()));
        let outcome = if Format::of(name).is_some() {
            // What an archive unpacks to is the same for all of its files: the first that exceeds it ends it.
            let bytes = archive.read(name, &mut reader.budget)?.unwrap_or_default();
            let member = Handed { name: &whole, bytes: &bytes, sidecar: sidecar.map(String::as_str) };
            reader.read(member, about, reading)
        } else {
            Err("is not a kind of file that is read".to_owned())
        };
        if let Err(problem) = outcome {
            let problem = format!("{name} {problem}");
            first_problem.get_or_insert_with(|| problem.clone());
            reading.warnings.push(problem);
        }
    }
    match (reading.documents.len() > before, first_problem) {
        (true, _) => Ok(()),
        (false, Some(problem)) => Err(format!("holds nothing that can be read: {problem}")),
        (false, None) => Err("holds no files: check what was packed".to_owned()),
    }
}

/// Files that systems add, and that nobody handed in.
fn is_litter(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.rsplit('/').next().is_some_and(|last| last.starts_with(['.', '~']))
}
