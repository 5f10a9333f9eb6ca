package athanor.train;

import athanor.nn.Module;
import athanor.nn.model.Models;
import athanor.nn.model.Stem;
import java.util.Locale;
import java.util.Optional;

/// What is needed to build a model anew: its name in [Models], and the sizes it was built for.
public record ModelSpec(
        String model, Optional<Stem> stem, int classes, int channels, int imageSize) {

    public static ModelSpec of(Settings settings, int classes, int channels, int imageSize) {
        String stem = settings.word(Setting.STEM);
        return new ModelSpec(
                settings.required(Setting.MODEL),
                stem.equals("auto")
                        ? Optional.empty()
                        : Optional.of(Stem.valueOf(stem.toUpperCase(Locale.ROOT))),
                classes,
                channels,
                imageSize);
    }

    /// The model, without values yet. Throws [InvalidSetting] where there is none of that name and
    /// size.
    public Module create() {
        try {
            return Models.create(model, classes, channels, imageSize, stem);
        } catch (IllegalArgumentException e) {
            InvalidSetting refusal = new InvalidSetting("--model " + model + ": " + e.getMessage());
            refusal.initCause(e);
            throw refusal;
        }
    }

    /// As in `resnet50 (cifar stem), 10 classes, 3 x 32 x 32`.
    @Override
    public String toString() {
        String stemText =
                stem.map(s -> " (" + s.name().toLowerCase(Locale.ROOT) + " stem)").orElse("");
        return "%s%s, %d classes, %d x %d x %d"
                .formatted(model, stemText, classes, channels, imageSize, imageSize);
    }
}
