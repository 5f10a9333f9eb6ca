package athanor.train.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The folder that --data-dir names, seen by one data set. The official files may lie in it or in
/// subfolders.
record DataFolder(String dataset, Path path) {
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
