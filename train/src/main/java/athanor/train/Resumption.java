package athanor.train;

import athanor.nn.io.ModelFileProblem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The checkpoint that a training goes on from.
///
/// @param passedOver what is wrong with newer ones, which are damaged
public record Resumption(Path file, Checkpoint checkpoint, List<String> passedOver) {

    /// The one that --resume names; with `auto`, the last of --out, or where it is damaged the
    /// newest of a step that is whole; nothing where there is none.
    ///
    /// @throws ModelFileProblem where there are some, and all are damaged
    public static Optional<Resumption> of(Settings settings) {
        String resume = settings.text(Setting.RESUME);
        if (resume.isEmpty()) {
            return Optional.empty();
        }
        if (!resume.equals("auto")) {
            Path file = Path.of(resume);
            return Optional.of(new Resumption(file, Checkpoint.read(file), List.of()));
        }
        Path out =
                settings.path(Setting.OUT)
                        .orElseThrow(
                                () ->
                                        new InvalidSetting(
                                                "--resume auto: needs --out DIR, the folder of the run to go on with"));
        List<ModelFileProblem> problems = new ArrayList<>();
        for (Path file : RunFolder.checkpointsIn(out)) {
            try {
                Checkpoint checkpoint = Checkpoint.read(file);
                List<String> texts = problems.stream().map(Throwable::getMessage).toList();
                return Optional.of(new Resumption(file, checkpoint, texts));
            } catch (ModelFileProblem e) {
                problems.add(e);
            }
        }
        if (!problems.isEmpty()) {
            throw problems.getFirst();
        }
        return Optional.empty();
    }
}
