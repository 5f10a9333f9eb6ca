package athanor.train.data;

import java.nio.file.Path;
import java.util.List;

/// What is known of a data set without opening it.
///
/// @param summary what it is, in a sentence
/// @param home where it comes from
/// @param shape of one image; that of an image folder is a proposal
/// @param files what [Datasets#fetch] downloads
/// @param needsFolder whether it reads files, rather than drawing its images
/// @param mirrors whether a shifted or mirrored image is of the same class, as standard
/// augmentation supposes
public record DatasetDescription(
        String name,
        String summary,
        String home,
        ImageShape shape,
        Normalization normalization,
        boolean mirrors,
        boolean needsFolder,
        List<RemoteFile> files,
        Opener opener) {
    /// Opens a split of a data set from a folder; `imageSize` matters to image folders alone.
    @FunctionalInterface
    public interface Opener {
        Dataset open(Split split, Path folder, int imageSize);
    }

    /// What `--augment standard` means for images of this set.
    public Augmentation standardAugmentation(ImageShape shape) {
        if (!mirrors) {
            return Augmentation.none();
        }
        return name.equals(ImageFolder.NAME)
                ? Augmentation.imageNet(shape.height())
                : Augmentation.standard(shape);
    }

    /// What a word of `--augment` means for images of this set.
    public Augmentation augmentation(String word, ImageShape shape) {
        return switch (word) {
            case "standard" -> standardAugmentation(shape);
            case "alternating" -> Augmentation.alternating();
            case "trivial" -> standardAugmentation(shape).then(new TrivialAugment());
            default -> Augmentation.none();
        };
    }
}
