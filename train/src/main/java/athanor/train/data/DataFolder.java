package athanor.train.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The folder that --data-dir names, seen by one data set. The official files may lie in it or in
/// subfolders.
record DataFolder(String dataset, Path path) {
    /// What a file or an archive may unpack to; the largest official one has 185 MB.
    static final int MOST_BYTES = 256_000_000;

    DataFolder {
        if (!Files.isDirectory(path)) {
            throw new DataProblem(
                    path,
                    "no such folder, where " + dataset + " looks for its files",
                    wayOut(dataset, path));
        }
    }

    /// What helps when files are missing or broken.
    static String wayOut(String dataset, Path path) {
        return dataset.equals(ImageFolder.NAME)
                ? "name a folder that holds train/CLASS/*.jpg and val/CLASS/*.jpg with --data-dir DIR"
                : "get them with `athanor data fetch %s --data-dir %s`, or name their folder with --data-dir DIR"
                        .formatted(dataset, path);
    }

    DataProblem problem(Object file, String wrong) {
        return new DataProblem(file, wrong, wayOut(dataset, path));
    }

    DataProblem problem(Object file, String wrong, Throwable cause) {
        return new DataProblem(file, wrong + " (" + cause + ")", wayOut(dataset, path), cause);
    }

    /// A label that the data set does not have; records are counted from 0.
    DataProblem label(Object file, int record, int label, int classes) {
        return problem(
                file,
                "record %d (from 0) has label %d, and the labels are 0 to %d"
                        .formatted(record, label, classes - 1));
    }

    /// The bytes of a stream, which may be [#MOST_BYTES] in all: a small archive can hold any
    /// amount of zeros.
    static InputStream bounded(InputStream in) {
        return new FilterInputStream(in) {
            private long left = MOST_BYTES;

            @Override
            public int read() throws IOException {
                int b = in.read();
                count(b < 0 ? 0 : 1);
                return b;
            }

            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
                int read = in.read(bytes, offset, length);
                count(Math.max(0, read));
                return read;
            }

            @Override
            public long skip(long n) throws IOException {
                long skipped = in.skip(n);
                count(skipped);
                return skipped;
            }

            @Override
            public boolean markSupported() {
                return false;
            }

            private void count(long bytes) throws IOException {
                left -= bytes;
                if (left < 0) {
                    throw new IOException(
                            "it unpacks to more than %,d bytes".formatted(MOST_BYTES));
                }
            }
        };
    }

    /// The first subfolder (an empty name is the folder itself) that holds one of the files.
    Optional<Path> folderOf(List<String> subfolders, List<String> files) {
        for (String subfolder : subfolders) {
            Path folder = path.resolve(subfolder);
            for (String file : files) {
                if (Files.isRegularFile(folder.resolve(file))) {
                    return Optional.of(folder);
                }
            }
        }
        return Optional.empty();
    }

    /// Says where was looked for what.
    DataProblem missing(String file, List<String> subfolders) {
        List<String> places = new ArrayList<>();
        for (String subfolder : subfolders) {
            places.add(path.resolve(subfolder).toString());
        }
        return problem(dataset, "no " + file + " in " + String.join(" or ", places));
    }
}
