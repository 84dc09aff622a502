"""The words that error messages are made of: those that may leave the house in a mail, whatever sentence they stand in.

Russian words are kept as stems by the way they are inflected, and compared as whole forms. Forms that are surnames too
are left out: genitives in -ов and -ев, adjectives in -ых and -их, and words such as «ли» and «ким». A word that is not
here costs a mail a little of its sense; a word that should not be here tells a citizen's name.
"""

from collections.abc import Iterator

# Endings by the kind of inflection; "" is the bare stem.
_ENDINGS = {
    "as it is": "",
    "noun like сервер": ",а,у,ом,е,ы,ам,ами,ах",
    "noun like ключ": ",а,у,ом,е,и,ам,ами,ах",
    "noun like список": "ок,ка,ку,ком,ке,ки,кам,ками,ках",
    "noun like пользователь": "ь,я,ю,ем,е,и,ей,ям,ями,ях",
    "noun like система": "а,ы,е,у,ой,,ам,ами,ах",
    "noun like рубрика": "а,и,е,у,ой,,ам,ами,ах",
    "noun like ошибка": "ка,ки,ке,ку,кой,ок,кам,ками,ках",
    "noun like карточка": "ка,ки,ке,ку,кой,ек,кам,ками,ках",
    "noun like таблица": "а,ы,е,у,ей,,ам,ами,ах",
    "noun like запись": "ь,и,ью,ей,ям,ями,ях",
    "noun like версия": "ия,ии,ию,ией,ий,иям,иями,иях",
    "noun like изменение": "ие,ия,ию,ием,ии,ий,иям,иями,иях",
    "noun like право": "о,а,у,ом,е,,ам,ами,ах",
    "adjective like доступный": "ый,ая,ое,ые,ого,ому,ую,ым,ой,ом,ыми",
    "adjective like технический": "ий,ая,ое,ие,ого,ому,ую,им,ой,ом,ими",
    "adjective like последний": "ий,яя,ее,ие,его,ему,юю,им,ей,ем,ими",
    "adjective like текущий": "ий,ая,ее,ие,его,ему,ую,им,ей,ем,ими",
    "short like доступен": "ен,на,но,ны",
    "participle like удален": ",а,о,ы,ный,ная,ное,ные,ного,ному,ную,ным,ной,ном,ными",
    "participle like закрыт": ",а,о,ы,ый,ая,ое,ые,ого,ому,ую,ым,ой,ом,ыми",
}

_RUSSIAN = {
    "as it is": """
        а автоматически авторизуйтесь бд без более больше будет будут бы был была были было быть в вам вас ваш ваша
        ваше ваши введите владелец владельца владельцем владельцу вместо вне вновь во возможно возник возникла
        возникли возникло войдите войти временем времени временно время вручную все всего выберите выбрать выполните
        выполнить вышло да данные данным данными данных два две дел дела деле дело делом делу день для дней дня до
        добавить дождитесь допускает допускается допускаются достаточно доступно другие другим другого другое другой
        другому другую его еще же за заблокировал заблокировала завершите завершить закройте закрыл закрыла закрыть
        занял заняла записать заполните здесь и ид из изменил изменила изменить изменяет или имеет имеете имеется
        имени именно имеют имя исн истек истекла истекли истекло к как кем ко корректно которая которого которое
        которой котором которую которые который между менее меньше много могут может можно на над надо настроек
        настройка настройке настройки настройкой настройку не неверно невозможно недостаточно некорректно нельзя
        необходимо неправильно нет ниже но ноль нужно о об обновил обновила обновите обновить обратитесь обратиться
        обязателен обязательна обязательно обязательны один одна одно одного одной ожидает ожидалось ожидался от
        ответил ответила ответило ответить отвечает отказал отказала отказало отказано откройте открыл открыла открыть
        отправить отсутствует отсутствуют перед по повторите повторить повторно под позднее позже пока поле полей
        полем полностью получить полю поля полям полями полях попробуйте пос после поэтому правильно превышает
        прервано при про проверить проверьте произошел произошла произошли произошло прочитать пуст пуста пустая пусто
        пустое пустой пусты пустые работает раз ранее редактировал редактировала редактирует рк с свободных сейчас
        следует сначала снова со содержат содержит создал создала создать соответствует сохранил сохранила сохраните
        сохранить среди ссту субд существует существуют считать так также там теперь тоже только требует требуется
        требуются три удается удалил удалила удалите удалить удалось уже узел узла узле узлом узлу укажите указать
        уровень уровне уровнем уровню уровня фио часа частично часу часы чего чем через чисел числа число числом что
        чтобы эта эти это этого этой этом этому этот эту является являются
    """,
    "noun like сервер": """
        автор администратор адрес адресат архив атрибут байт ввод вид вход вывод выход документ домен доступ журнал
        запрет запрос идентификатор индекс интервал интерфейс канал каталог класс код компонент корреспондент лимит
        маршрут метод модератор момент набор номер объект объем оператор ответ отказ параметр перенос период повтор
        порт предел протокол процесс пункт раздел размер реестр результат реквизит сбой сеанс сервер сервис сертификат
        символ статус текст тип файл формат формуляр шаблон экземпляр элемент
    """,
    "noun like ключ": "буфер диск ключ конфликт поток сотрудник справочник срок участник источник счетчик язык",
    "noun like список": "спис",
    "noun like пользователь": "заявител исполнител модул отправител парол пользовател получател показател",
    "noun like система": """
        база величина группа дата длина команда область папка переменна почта причина проблема программа процедура
        система служба структура схема форма цифра
    """,
    "noun like рубрика": "библиотек задач рубрик",
    "noun like ошибка": """
        блокиров загруз обработ отмет отправ ошиб попыт провер сортиров ссыл стро установ
    """,
    "noun like карточка": "карточ папоч",
    "noun like таблица": "границ единиц страниц таблиц",
    "noun like запись": """
        возможност длительност запис необходимост област очеред памят подпис принадлежност рол связ сет уникальност
        целостност част
    """,
    "noun like версия": """
        авторизац аутентификац верс идентификац инструкц информац категор компетенц конфигурац коп лиценз операц
        организац позиц регистрац редакц сесс ситуац транзакц функц
    """,
    "noun like изменение": """
        блокирован выполнен действ добавлен завершен закрыт заполнен значен изменен исключен исправлен истечен
        назначен налич нарушен обновлен обращен ограничен ожидан описан отклонен открыт отсутств подключен подразделен
        поручен превышен предупрежден приложен разрешен рассмотрен расширен редактирован решен сложен снят содержан
        соединен создан сообщен соответств состоян сохранен уведомлен удален услов чтен
    """,
    "noun like право": "ведомств прав мест количеств устройств",
    "adjective like доступный": """
        активн верн временн дополнительн доступн идентичн известн контрольн корректн локальн неактивн неверн
        недействительн недопустим недостаточн недоступн неизвестн некорректн необязательн неполн неправильн
        непредвиденн номенклатурн обязательн основн ответственн первичн повторн подведомственн полн постоянн правильн
        программн регистрационн свободн системн служебн уникальн учетн
    """,
    "adjective like технический": "автоматическ логическ пользовательск техническ",
    "adjective like последний": "внешн внутренн последн",
    "adjective like текущий": """
        вышестоящ действующ отсутствующ предыдущ следующ соответствующ существующ текущ
    """,
    "short like доступен": "возмож долж доступ извест невер недоступ неизвест",
    "participle like удален": """
        авторизован аннулирован возвращен выбран выдан вызван выполнен добавлен заблокирован завершен загружен задан
        записан заполнен запрещен зарегистрирован изменен исключен использован исправлен модифицирован назначен найден
        направлен нарушен настроен обновлен обработан ограничен определен оставлен отклонен отключен отменен отозван
        отправлен передан переименован перемещен поддержан подключен подписан получен превышен прерван проверен
        продлен просрочен прочитан разблокирован разрешен разъяснен рассмотрен связан создан сохранен удален указан
        установлен утвержден
    """,
    "participle like закрыт": "закрыт занят открыт принят скрыт снят",
}

_ENGLISH = """
    a about accept acceptable accepted access account accounts active actual add address administrator after again all
    allocate allowed already also am and another answer any api application are argument arguments as ascii assembly
    at attempt attempts attribute auth authenticate authenticated authentication authority authorization authorized
    available back bad be because been before between block blocked body bool boolean bounds broken buffer busy but by
    byte bytes call called can cannot card cards cast certificate certificates chain changed character characters
    check choices class client close closed code codes column command commands communication concurrent condition
    configuration conflict connect connected connecting connection connections constraint contact contains content
    context control convert core could count create created credentials cursor data database date datetime deadlock
    decode default delayed deleted delivery denied descriptor device did directory disabled disconnected disk does
    domain done down duplicate edge edges element empty enabled encode encoding encountered end endpoint enough entity
    entry error errors exceed exceeded exceeds exception execute executed execution exist existing exists expected
    expire expired external fail failed failure fault few field fields file filter first float forbidden foreign
    format forward found from full function gateway generic get given graphql greylisted group handle handler
    handshake has have header held here host hostname html http https id identifier if illegal implemented in inactive
    incorrect index inner input insert installed instance insufficient int integer internal interrupted into invalid
    io is issuer it item items its json key keys known large last later left length less level library license like
    limit limited limits line lines local lock locked locking login logon long looks lost mail mailbox mails many
    match matches maximum memory message messages method minimum mismatch missing mode modified module more most moved
    must mutation name names need needed network next no node none not null nullable number numbers object objects of
    off offered on one only open opened operation operations option or order other out output over overflow owner page
    pages parameter parameters parse parser parsing password path payload peer pending per permanent permanently
    permission permissions permitted pipe please policy pool port possible primary privilege privileges problem
    procedure process processing property protocol provided query queue quota range read reading reason receive
    received recipient recipients record records reference refused rejected relay released reply request requested
    requests required reset resolution resolve resource resources response result retries retry return returned right
    rights role root route row rows rubric rubrics schema seconds secure security see select selection self send
    sender sending sent sequence server servers service session set shutting sign signed size so socket some space
    spam sql ssl stack start state statement status still stop stopped storage string strings subfield subfields
    subselection such support supported switch syntax system table temporarily temporary terminated text than that the
    then there this thread time timed timeout tls to token too transaction transport trust trusted try type types
    unable unauthorized unavailable undefined unexpected unhandled unique unknown unreachable unsupported until
    unverified up update updated uri url use used user username users using utf valid validate validation value values
    variable variables verify version victim violated violation wait waiting was when where which while with within
    without write writing wrong xml yet you your zero
"""

# What ДЕЛО, databases and systems call their things; also parts of names such as isnRefRubric and ERR_LOCKED.
_NAMES = """
    ar cl delo descript doc docgroup docs e eof eos equal err errno free gql greater has info input ins interface isn
    kind list mutation num ora oracle pg pos postgres postgresql rc ref rub smtp sort sqlite sstu starttls stat sys
"""


def _russian() -> Iterator[str]:
    for way, stems in _RUSSIAN.items():
        endings = _ENDINGS[way].split(",")
        for stem in stems.split():
            yield from (stem + ending for ending in endings)


# Lower case, with «е» for «ё».
WORDS = frozenset([*_russian(), *_ENGLISH.split(), *_NAMES.split()])
