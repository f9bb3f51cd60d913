// SPDX-License-Identifier: Apache-2.0
import io.delta.storage.HadoopFileSystemLogStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;

/**
 * Commits on a local disk by a hard link, which fails when the version is there. Spark's own store looks whether it is
 * there and then renames, which on a local disk replaces what another process has committed in between.
 */
public class LinkLogStore extends HadoopFileSystemLogStore {
    public LinkLogStore(Configuration conf) {
        super(conf);
    }

    @Override
    public void write(org.apache.hadoop.fs.Path path, Iterator<String> actions, Boolean overwrite, Configuration conf)
            throws IOException {
        Path to = Paths.get(path.toUri().getPath());
        Path temporary = to.resolveSibling("." + to.getFileName() + "." + UUID.randomUUID() + ".tmp");
        List<String> lines = new ArrayList<>();
        actions.forEachRemaining(lines::add);
        try {
            Files.write(temporary, lines, StandardCharsets.UTF_8);
            if (overwrite)
                Files.move(temporary, to, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            else
                Files.createLink(to, temporary); // FileAlreadyExistsException, as Delta expects
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    @Override
    public Boolean isPartialWriteVisible(org.apache.hadoop.fs.Path path, Configuration conf) {
        return false;
    }
}
