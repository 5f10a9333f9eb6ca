package athanor.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What a run or an evaluation came to, in a line of a table as experiments are published in.
///
/// @param fps images a second
/// @param epochs of the training
/// @param versions of the program and what it runs on
public record ResultRow(
        String name,
        double accuracy1,
        double accuracy5,
        double fps,
        int epochs,
        String amp,
        String device,
        String versions) {
    private static final List<String> HEAD =
            List.of("NAME", "Acc@1", "Acc@5", "FPS", "Epochs", "AMP", "Device", "Versions");

    public static ResultRow of(
            Settings settings, Evaluation test, double fps, int epochs, String versions) {
        return new ResultRow(
                settings.text(Setting.MODEL),
                test.accuracy1(),
                test.accuracy5(),
                fps,
                epochs,
                Setting.named("amp").map(settings::text).orElse("off"),
                settings.text(Setting.DEVICE),
                versions);
    }

    private List<String> cells() {
        return List.of(
                name,
                "%.2f".formatted(accuracy1),
                "%.2f".formatted(accuracy5),
                String.format(Locale.ROOT, fps < 100 ? "%.1f" : "%,.0f", fps),
                String.valueOf(epochs),
                amp,
                device,
                versions);
    }

    /// The head, then a line for each; accuracies are percentages.
    public static List<String> table(List<ResultRow> rows) {
        List<List<String>> all = new ArrayList<>(List.of(HEAD));
        rows.forEach(row -> all.add(row.cells()));
        List<String> lines = new ArrayList<>();
        for (List<String> cells : all) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < cells.size(); i++) {
                int column = i;
                int width = all.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
                line.append(("%-" + (width + 2) + "s").formatted(cells.get(i)));
            }
            lines.add(line.toString().strip());
        }
        return lines;
    }
}
