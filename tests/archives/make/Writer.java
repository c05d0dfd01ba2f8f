import java.io.OutputStream;
import java.nio.file.*;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.*;

/** Walks a tree and writes it: java Writer.java posix|gnu|star TREE ARCHIVE */
public class Writer {
    public static void main(String[] words) throws Exception {
        Path tree = Paths.get(words[1]);
        try (OutputStream out = Files.newOutputStream(Paths.get(words[2]));
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out, "UTF-8");
                Stream<Path> found = Files.walk(tree).sorted()) {
            tar.setLongFileMode(words[0].equals("gnu")
                    ? TarArchiveOutputStream.LONGFILE_GNU : TarArchiveOutputStream.LONGFILE_POSIX);
            tar.setBigNumberMode(words[0].equals("posix")
                    ? TarArchiveOutputStream.BIGNUMBER_POSIX : TarArchiveOutputStream.BIGNUMBER_STAR);
            for (Path path : (Iterable<Path>) found::iterator) {
                if (path.equals(tree)) {
                    continue;
                }
                String name = tree.relativize(path).toString();
                TarArchiveEntry entry = new TarArchiveEntry(path, name, LinkOption.NOFOLLOW_LINKS);
                if (Files.isSymbolicLink(path)) {
                    entry = new TarArchiveEntry(name, TarConstants.LF_SYMLINK);
                    entry.setLinkName(Files.readSymbolicLink(path).toString());
                }
                if (name.startsWith("o-")) {
                    entry.setUserId(Integer.toUnsignedLong((Integer) Files.getAttribute(path, "unix:uid")));
                    entry.setGroupId(Integer.toUnsignedLong((Integer) Files.getAttribute(path, "unix:gid")));
                }
                tar.putArchiveEntry(entry);
                if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                    Files.copy(path, tar);
                }
                tar.closeArchiveEntry();
            }
        }
    }
}
