package athanor.train.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// The curves of a run as PNG files, drawn by XChart.
final class Curves {
    private static final Color INK = new Color(0x1f2328);
    private static final Color LINE = new Color(0xe4e4de);
    private static final Color[] COLOURS = {new Color(0x2c6fb5), new Color(0xc9651b)};

    private final Map<String, byte[]> files = new LinkedHashMap<>();

    private Curves() {}

    /// The files by name; empty where the system cannot write text into pictures.
    static Map<String, byte[]> of(RunData run) {
        Curves curves = new Curves();
        try {
            curves.draw("loss.png", "Loss", run, List.of("train_loss", "test_loss"));
            curves.draw("accuracy.png", "Accuracy, %", run, List.of("train_acc1", "test_acc1"));
            curves.draw("learning-rate.png", "Learning rate", run, List.of("lr"));
            curves.draw("speed.png", "Images/s", run, List.of("images_per_s"));
        } catch (LinkageError | InternalError | RuntimeException e) {
            if (hasFonts()) {
                throw e;
            }
            return Map.of();
        }
        return curves.files;
    }

    /// Java draws no text where fontconfig and fonts are missing, as in many containers.
    private static boolean hasFonts() {
        try {
            return new Font(Font.SANS_SERIF, Font.PLAIN, 12).canDisplay('a')
                    && !java.awt.GraphicsEnvironment.getLocalGraphicsEnvironment()
                            .getAvailableFontFamilyNames()[0]
                            .isEmpty();
        } catch (LinkageError | InternalError | RuntimeException e) {
            return false;
        }
    }

    private void draw(String file, String title, RunData run, List<String> fields) {
        XYChart chart = new XYChartBuilder().width(800).height(450).title(title).build();
        chart.setXAxisTitle("epoch");
        for (String field : fields) {
            List<JsonNode> there =
                    run.epochs().stream().filter(epoch -> epoch.path(field).isNumber()).toList();
            if (!there.isEmpty()) {
                XYSeries series =
                        chart.addSeries(
                                field.replace('_', ' ').replace("acc1", "accuracy"),
                                there.stream().mapToDouble(e -> e.path("epoch").asInt()).toArray(),
                                there.stream()
                                        .mapToDouble(e -> e.path(field).asDouble())
                                        .toArray());
                series.setMarker(there.size() < 3 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE);
            }
        }
        if (chart.getSeriesMap().isEmpty()) {
            return;
        }
        chart.getStyler()
                .setSeriesColors(COLOURS)
                .setChartBackgroundColor(Color.WHITE)
                .setChartFontColor(INK)
                .setPlotBorderVisible(false)
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal)
                .setLegendBorderColor(Color.WHITE)
                .setLegendVisible(fields.size() > 1);
        chart.getStyler().setPlotGridLinesColor(LINE).setAxisTicksLineVisible(false);
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            BitmapEncoder.saveBitmap(chart, png, BitmapEncoder.BitmapFormat.PNG);
        } catch (IOException e) {
            throw new IllegalStateException(e); // An array takes all.
        }
        files.put(file, png.toByteArray());
    }
}
