package athanor.train.data;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/// Finds real data for tests: the folder named by ATHANOR_DATA, or shared/data beside the
/// repository. A test is skipped, with the reason printed, where there is none.
final class RealData {
    private RealData() {}

    /// The data folder, if it holds the file.
    static Path folderWith(String file) {
        String named = System.getenv("ATHANOR_DATA");
        Path folder = named == null ? Path.of("../../shared/data") : Path.of(named);
        boolean there = Files.exists(folder.resolve(file));
        String reason =
                "skipped: no "
                        + folder.resolve(file).normalize()
                        + "; set ATHANOR_DATA to a folder that has it";
        if (!there) {
            System.out.println(reason);
        }
        assumeTrue(there, reason);
        return folder;
    }
}
