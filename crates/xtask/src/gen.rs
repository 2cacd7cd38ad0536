//! Makes the gRPC code of `crates/api/src/gen` from `proto/`, or checks that it is what `proto/` gives. No protoc is needed.
//! The code is committed, so that nobody who builds Earmark generates anything, and an API change shows in review.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use prost::Message;

use crate::words;

/// Where the protos stand, below the workspace.
const PROTO: &str = "proto";
/// The package whose files are compiled; what they import comes with them.
const PACKAGE: &str = "proto/earmark/v1";
/// Where the generated code stands, below the workspace.
const OUT: &str = "crates/api/src/gen";
/// The descriptor set for reflection, beside the generated code.
const DESCRIPTORS: &str = "descriptors.bin";
/// What the protos' comments say of each message, field, enum and method, beside the generated code: headings and help texts.
const WORDS: &str = "words.tsv";

/// Writes the generated code, or, with `check`, fails if it differs from what is committed.
pub fn run(check: bool) -> anyhow::Result<()> {
    let workspace = workspace();
    let made = generate(&workspace)?;
    let out = workspace.join(OUT);
    if check {
        return compare(&made, &read(&out)?);
    }
    fs::create_dir_all(&out).with_context(|| format!("making {}", out.display()))?;
    for name in read(&out)?.keys().filter(|name| !made.contains_key(*name)) {
        fs::remove_file(out.join(name)).with_context(|| format!("removing {name}"))?;
    }
    for (name, bytes) in &made {
        fs::write(out.join(name), bytes).with_context(|| format!("writing {name}"))?;
    }
    Ok(())
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Every generated file, by name.
fn generate(workspace: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = fs::read_dir(workspace.join(PACKAGE))
        .with_context(|| format!("reading {PACKAGE}"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "proto"));
    // The order in which a folder is read differs between machines; the generated code must not.
    files.sort();
    let descriptors = protox::compile(&files, [workspace.join(PROTO)]).context("compiling the protos")?;

    let target = std::env::temp_dir().join(format!("earmark-gen-{}", std::process::id()));
    fs::create_dir_all(&target).context("making the scratch folder")?;
    let mut bytes = descriptors.clone();
    for file in &mut bytes.file {
        // Comments stay in the protos: reflection needs names and types only.
        file.source_code_info = None;
    }
    fs::write(target.join(DESCRIPTORS), bytes.encode_to_vec()).context("writing the descriptor set")?;
    fs::write(target.join(WORDS), words::table(&descriptors)).context("writing the words")?;
    tonic_prost_build::configure()
        .out_dir(&target)
        .emit_rerun_if_changed(false)
        .compile_fds(descriptors)
        .context("generating the code")?;
    let made = read(&target)?;
    fs::remove_dir_all(&target).context("removing the scratch folder")?;
    Ok(made)
}

/// Every file of a folder, by name; none if there is no folder.
fn read(folder: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if folder.exists() {
        for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
            let entry = entry?;
            files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}

fn compare(made: &BTreeMap<String, Vec<u8>>, committed: &BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
    let mut names: Vec<&String> = made.keys().chain(committed.keys()).collect();
    names.sort();
    names.dedup();
    let differing: Vec<&str> =
        names.into_iter().filter(|name| made.get(*name) != committed.get(*name)).map(String::as_str).collect();
    if !differing.is_empty() {
        bail!("{OUT} is not what {PROTO} gives: {}. Run `cargo xtask gen`.", differing.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_code_is_what_the_protos_give() {
        if let Err(error) = run(true) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn a_difference_is_named() {
        let made = BTreeMap::from([("a.rs".to_owned(), vec![1]), ("b.rs".to_owned(), vec![2])]);
        let committed =
            BTreeMap::from([("a.rs".to_owned(), vec![1]), ("b.rs".to_owned(), vec![3]), ("c.rs".to_owned(), vec![])]);
        let error = compare(&made, &committed).unwrap_err().to_string();
        assert!(error.contains("b.rs, c.rs") && !error.contains("a.rs"), "{error}");
    }
}
