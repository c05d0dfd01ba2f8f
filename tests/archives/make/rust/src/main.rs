//! Walks a tree and writes it: cargo run -- TREE ARCHIVE
fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let mut builder = tar::Builder::new(std::fs::File::create(&words[2])?);
    builder.follow_symlinks(false);
    builder.append_dir_all(".", &words[1])?;
    builder.finish()
}
