// Walks a tree and writes it: node writer.mjs LIBRARY TREE ARCHIVE (NODE_PATH says where it is)
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [library, tree, archive] = process.argv.slice(2);
const place = process.env.NODE_PATH;
const load = async (name, sub = "") => {
  const require = createRequire(path.join(place, "x.js"));
  return import(pathToFileURL(require.resolve(name + sub)).href);
};
const names = fs.readdirSync(tree, { recursive: true }).sort();
const at = (name) => path.join(tree, name);
const kind = (s) => (s.isSymbolicLink() ? "symlink" : s.isDirectory() ? "directory" : "file");
const save = async (readable) => {
  const out = fs.createWriteStream(archive);
  for await (const piece of readable) out.write(piece);
  await new Promise((done) => out.end(done));
};

if (library === "tar") {
  const module = await load("tar");
  const tar = module.create ? module : module.default;
  // It cannot write a time before 1970 with a fraction (7.5.23: an error).
  const filter = (name) => !name.endsWith("t-1969-fraction");
  await tar.create({ file: archive, cwd: tree, filter }, ["."]);
} else if (library === "tar-fs") {
  const { default: tar } = await load("tar-fs");
  await save(tar.pack(tree));
} else if (library === "tar-stream") {
  const { default: tar } = await load("tar-stream");
  const pack = tar.pack();
  const saved = save(pack);
  for (const name of names) {
    const s = fs.lstatSync(at(name));
    const head = { name, mode: s.mode & 0o7777, uid: s.uid, gid: s.gid, mtime: s.mtime, type: kind(s) };
    if (head.type === "symlink") head.linkname = fs.readlinkSync(at(name));
    const content = head.type === "file" ? fs.readFileSync(at(name)) : undefined;
    await new Promise((done, failed) => {
      const entry = pack.entry({ ...head, size: content?.length ?? 0 }, content ?? "", (e) => (e ? failed(e) : done()));
      if (head.type !== "file") entry?.end?.();
    });
  }
  pack.finalize();
  await saved;
} else if (library === "archiver") {
  const module = await load("archiver");
  const pack = module.TarArchive ? new module.TarArchive() : module.default("tar");
  const saved = save(pack);
  pack.directory(tree, false);
  await pack.finalize();
  await saved;
} else if (library === "modern-tar") {
  const { packTar } = await load("modern-tar");
  const entries = names.map((name) => {
    const s = fs.lstatSync(at(name));
    const type = kind(s);
    const body = type === "file" ? fs.readFileSync(at(name)) : undefined;
    const header = { name, type, mode: s.mode & 0o7777, uid: s.uid, gid: s.gid, mtime: s.mtime, size: body?.length ?? 0 };
    if (type === "symlink") header.linkname = fs.readlinkSync(at(name));
    return { header, body };
  });
  fs.writeFileSync(archive, await packTar(entries));
} else if (library === "nanotar") {
  const { createTar } = await load("nanotar");
  const files = names
    .filter((name) => !fs.lstatSync(at(name)).isSymbolicLink() && Buffer.byteLength(name) < 100)
    .map((name) => {
      const s = fs.lstatSync(at(name));
      const data = s.isDirectory() ? undefined : fs.readFileSync(at(name));
      return { name, data, attrs: { mode: (s.mode & 0o7777).toString(8), mtime: Number(s.mtimeMs), uid: s.uid, gid: s.gid } };
    });
  fs.writeFileSync(archive, createTar(files));
}
