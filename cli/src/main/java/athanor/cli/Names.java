package athanor.cli;

import athanor.nn.model.Models;
import athanor.train.InvalidSetting;
import athanor.train.Setting;
import athanor.train.Settings;
import athanor.train.data.DatasetDescription;
import athanor.train.data.Datasets;
import java.util.List;
import java.util.Locale;

/// Checks names of models and data sets before anything is opened: an unknown one is a wrong value.
final class Names {
    private Names() {}

    static void check(Settings settings) {
        checkModel(settings.required(Setting.MODEL));
        checkData(settings.required(Setting.DATA));
    }

    static void checkModel(String name) {
        List<String> known = Models.all().stream().map(Models.Entry::name).toList();
        if (!known.contains(name.toLowerCase(Locale.ROOT)) && !Models.isFile(name)) {
            throw unknown(Setting.MODEL, name, known, "athanor models");
        }
    }

    static void checkData(String name) {
        List<String> known = Datasets.all().stream().map(DatasetDescription::name).toList();
        if (!known.contains(name)) {
            throw unknown(Setting.DATA, name, known, "athanor datasets");
        }
    }

    private static InvalidSetting unknown(
            Setting setting, String name, List<String> known, String command) {
        return new InvalidSetting(
                "%s %s: accepted is %s%s (%s explains them)"
                        .formatted(
                                setting.flag(),
                                name,
                                String.join(", ", known),
                                Nearest.hint(name, known),
                                command));
    }
}
