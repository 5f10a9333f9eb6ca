package athanor.train.report;

import athanor.train.Evaluation;
import athanor.train.data.Dataset;
import athanor.train.data.SampleSheet;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;

/// Pictures of images that were taken for another class.
final class Mistakes {
    private static final int COLUMNS = 8;

    /// A picture in the bytes of its PNG file.
    record Sheet(int height, int width, byte[] png) {}

    private Mistakes() {}

    /// All of them, each above its class and what it was taken for.
    static Sheet sheet(Dataset dataset, List<Evaluation.Mistake> mistakes) {
        return png(
                SampleSheet.draw(
                        dataset,
                        mistakes.stream().map(mistake -> cell(dataset, mistake)).toList(),
                        COLUMNS));
    }

    /// One, without words.
    static Sheet single(Dataset dataset, Evaluation.Mistake mistake) {
        return png(SampleSheet.image(dataset, mistake.image()));
    }

    private static SampleSheet.Cell cell(Dataset dataset, Evaluation.Mistake mistake) {
        return new SampleSheet.Cell(
                mistake.image(),
                List.of(
                        dataset.classNames().get(mistake.label()),
                        "not " + dataset.classNames().get(mistake.taken())));
    }

    private static Sheet png(BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new IllegalStateException(e); // An array takes all.
        }
        return new Sheet(image.getHeight(), image.getWidth(), bytes.toByteArray());
    }
}
