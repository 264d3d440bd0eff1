//! The posts of the benchmark: composed beforehand and kept on disk, so that composing them costs the pipeline nothing.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use bus::{AuthorKey, Post, PostId, SourceId};
use demo::DemoPost;
use jiff::Timestamp;

use crate::author_key;

/// Composed posts, one JSON object a line.
pub struct Composed {
    path: PathBuf,
}

impl Composed {
    /// Composes `count` posts.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(dir: &Path, count: usize) -> Result<Self> {
        let path = dir.join("posts.jsonl");
        let mut file = BufWriter::new(File::create(&path)?);
        for post in demo::benchmark_posts(count) {
            serde_json::to_writer(&mut file, &collected(post)?)?;
            file.write_all(b"\n")?;
        }
        file.flush()?;
        Ok(Self { path })
    }

    /// Reads them from the beginning, as a collector would hand them over now.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self) -> Result<impl Iterator<Item = Result<Post>> + use<>> {
        let lines = BufReader::new(File::open(&self.path)?).lines();
        Ok(lines.map(|line| {
            let post: Post = serde_json::from_str(&line?)?;
            Ok(Post { collected_at: Timestamp::now(), ..post })
        }))
    }
}

fn collected(post: DemoPost) -> Result<Post> {
    let source: SourceId = post.outlet.parse()?;
    Ok(Post {
        id: PostId::new(&source, &post.id.0.to_string()),
        author: Some(AuthorKey::new(&author_key::of_made_up_people(), &source, &post.author)),
        source,
        channel: post.channel,
        created_at: post.created_at,
        collected_at: post.created_at,
        text: post.text,
        title: post.title,
        url: None,
        language_hint: Some(post.language.to_owned()),
        place_hint: None,
        event: post.event.map(|event| event.parse()).transpose()?,
        attendance: None,
    })
}
