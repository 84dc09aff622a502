import sgqlc.types
import sgqlc.types.datetime
import sgqlc.types.relay


schema = sgqlc.types.Schema()


# Unexport Node/PageInfo, let schema re-declare them
schema -= sgqlc.types.relay.Node
schema -= sgqlc.types.relay.PageInfo


__docformat__ = "markdown"


########################################################################
# Scalars and Enumerations
########################################################################
Boolean = sgqlc.types.Boolean

DateTime = sgqlc.types.datetime.DateTime

Int = sgqlc.types.Int


class SortOrder(sgqlc.types.Enum):
    """Enumeration Choices:

    * `Asc`None
    * `Desc`None
    """

    __schema__ = schema
    __choices__ = ("Asc", "Desc")


String = sgqlc.types.String


########################################################################
# Input Objects
########################################################################
class ArDescriptFilter(sgqlc.types.Input):
    """Описание дополнительного реквизита (AR_DESCRIPT)."""

    __schema__ = schema
    __field_names__ = ("api_name",)
    api_name = sgqlc.types.Field("StringCondition", graphql_name="apiName")


class ArDescriptReference(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("matches",)
    matches = sgqlc.types.Field(ArDescriptFilter, graphql_name="matches")


class ArDocgroupFilter(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("ar_descript",)
    ar_descript = sgqlc.types.Field(ArDescriptReference, graphql_name="arDescript")


class ArDocgroupList(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("any",)
    any = sgqlc.types.Field(ArDocgroupFilter, graphql_name="any")


class ArRubricValueData(sgqlc.types.Input):
    """Записываемые значения."""

    __schema__ = schema
    __field_names__ = ("isn_ref_rubric", "pos_status_rub")
    isn_ref_rubric = sgqlc.types.Field(
        sgqlc.types.non_null(Int), graphql_name="isnRefRubric"
    )
    """ISN рубрики РК."""

    pos_status_rub = sgqlc.types.Field(String, graphql_name="posStatusRub")
    """Новый статус ПОС."""


class ArRubricValueFilter(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = (
        "isn_ref_rubric",
        "eos_sstu_status",
        "pos_status_rub",
        "ref_rubric",
    )
    isn_ref_rubric = sgqlc.types.Field("IntCondition", graphql_name="isnRefRubric")
    """ISN рубрики."""

    eos_sstu_status = sgqlc.types.Field("StringCondition", graphql_name="eosSstuStatus")
    """Статус ССТУ."""

    pos_status_rub = sgqlc.types.Field("StringCondition", graphql_name="posStatusRub")
    """Статус ПОС."""

    ref_rubric = sgqlc.types.Field("RefRubricReference", graphql_name="refRubric")
    """Рубрика, к которой относятся значения."""


class ArRubricValueSort(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("isn_ref_rubric",)
    isn_ref_rubric = sgqlc.types.Field(SortOrder, graphql_name="isnRefRubric")


class DateTimeCondition(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("greater_or_equal", "less_or_equal")
    greater_or_equal = sgqlc.types.Field("DateTimeValue", graphql_name="greaterOrEqual")

    less_or_equal = sgqlc.types.Field("DateTimeValue", graphql_name="lessOrEqual")


class DateTimeValue(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("value",)
    value = sgqlc.types.Field(sgqlc.types.non_null(DateTime), graphql_name="value")


class DocRcFilter(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("kind_doc", "docgroup_cl")
    kind_doc = sgqlc.types.Field("IntCondition", graphql_name="kindDoc")
    """Вид документа: 2 — письма граждан."""

    docgroup_cl = sgqlc.types.Field("DocgroupReference", graphql_name="docgroupCl")


class DocRcReference(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("matches",)
    matches = sgqlc.types.Field(DocRcFilter, graphql_name="matches")


class DocgroupFilter(sgqlc.types.Input):
    """Группа документов."""

    __schema__ = schema
    __field_names__ = ("ar_docgroups",)
    ar_docgroups = sgqlc.types.Field(ArDocgroupList, graphql_name="arDocgroups")
    """Дополнительные реквизиты, которые назначены группе."""


class DocgroupReference(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("matches",)
    matches = sgqlc.types.Field(DocgroupFilter, graphql_name="matches")


class IntCondition(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("equal", "in_", "not_in")
    equal = sgqlc.types.Field("IntValue", graphql_name="equal")

    in_ = sgqlc.types.Field(
        sgqlc.types.list_of(sgqlc.types.non_null("IntValue")), graphql_name="in"
    )

    not_in = sgqlc.types.Field(
        sgqlc.types.list_of(sgqlc.types.non_null("IntValue")), graphql_name="notIn"
    )


class IntValue(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("value",)
    value = sgqlc.types.Field(sgqlc.types.non_null(Int), graphql_name="value")


class RefRubricFilter(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("ins_date", "doc_rc")
    ins_date = sgqlc.types.Field(DateTimeCondition, graphql_name="insDate")

    doc_rc = sgqlc.types.Field(DocRcReference, graphql_name="docRc")


class RefRubricReference(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("matches",)
    matches = sgqlc.types.Field(RefRubricFilter, graphql_name="matches")


class StringCondition(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = (
        "equal",
        "in_",
        "not_in",
        "contains",
        "is_null_or_empty",
        "is_null",
    )
    equal = sgqlc.types.Field("StringValue", graphql_name="equal")

    in_ = sgqlc.types.Field(
        sgqlc.types.list_of(sgqlc.types.non_null("StringValue")), graphql_name="in"
    )

    not_in = sgqlc.types.Field(
        sgqlc.types.list_of(sgqlc.types.non_null("StringValue")), graphql_name="notIn"
    )

    contains = sgqlc.types.Field("StringValue", graphql_name="contains")

    is_null_or_empty = sgqlc.types.Field(Boolean, graphql_name="isNullOrEmpty")

    is_null = sgqlc.types.Field(Boolean, graphql_name="isNull")


class StringValue(sgqlc.types.Input):
    __schema__ = schema
    __field_names__ = ("value",)
    value = sgqlc.types.Field(sgqlc.types.non_null(String), graphql_name="value")


class UpdateArRubricValueInput(sgqlc.types.Input):
    """Что записать. Имя типа известно, поэтому с ним объявляют
    переменную.
    """

    __schema__ = schema
    __field_names__ = ("client_mutation_id", "data")
    client_mutation_id = sgqlc.types.Field(String, graphql_name="clientMutationId")
    """Метка клиента; возвращается в ответе."""

    data = sgqlc.types.Field(
        sgqlc.types.non_null(ArRubricValueData), graphql_name="data"
    )


########################################################################
# Output Objects and Interfaces
########################################################################
class ArRubricValue(sgqlc.types.Type):
    """Дополнительные реквизиты одной рубрики (одного вопроса обращения)."""

    __schema__ = schema
    __field_names__ = (
        "isn_ref_rubric",
        "eos_sstu_status",
        "pos_status_rub",
        "ref_rubric",
    )
    isn_ref_rubric = sgqlc.types.Field(Int, graphql_name="isnRefRubric")
    """ISN рубрики РК."""

    eos_sstu_status = sgqlc.types.Field(String, graphql_name="eosSstuStatus")
    """Статус ССТУ: ведут делопроизводители."""

    pos_status_rub = sgqlc.types.Field(String, graphql_name="posStatusRub")
    """Статус ПОС: без него рубрика не выгружается на витрину."""

    ref_rubric = sgqlc.types.Field("RefRubric", graphql_name="refRubric")
    """Рубрика РК."""


class ArRubricValueEdge(sgqlc.types.Type):
    __schema__ = schema
    __field_names__ = ("node",)
    node = sgqlc.types.Field(ArRubricValue, graphql_name="node")


class ArRubricValuePage(sgqlc.types.Type):
    """Страница значений дополнительных реквизитов рубрик."""

    __schema__ = schema
    __field_names__ = ("total_count", "edges", "items", "page_info")
    total_count = sgqlc.types.Field(Int, graphql_name="totalCount")
    """Сколько строк отвечает фильтру всего."""

    edges = sgqlc.types.Field(
        sgqlc.types.list_of(ArRubricValueEdge), graphql_name="edges"
    )

    items = sgqlc.types.Field(sgqlc.types.list_of(ArRubricValue), graphql_name="items")

    page_info = sgqlc.types.Field("PageInfo", graphql_name="pageInfo")


class DocRc(sgqlc.types.Type):
    """Регистрационная карточка документа (РК)."""

    __schema__ = schema
    __field_names__ = ("isn_doc", "free_num")
    isn_doc = sgqlc.types.Field(Int, graphql_name="isnDoc")
    """ISN документа."""

    free_num = sgqlc.types.Field(String, graphql_name="freeNum")
    """Регистрационный номер, по которому карточку знают люди."""


class Mutation(sgqlc.types.Type):
    __schema__ = schema
    __field_names__ = ("update_ar_rubric_value",)
    update_ar_rubric_value = sgqlc.types.Field(
        "UpdateArRubricValuePayload",
        graphql_name="updateArRubricValue",
        args=sgqlc.types.ArgDict(
            (
                (
                    "input",
                    sgqlc.types.Arg(
                        sgqlc.types.non_null(UpdateArRubricValueInput),
                        graphql_name="input",
                        default=None,
                    ),
                ),
            )
        ),
    )
    """Записать дополнительные реквизиты рубрики. Прежнее значение не
    сравнивается: пишется поверх.

    Arguments:

    * `input` (`UpdateArRubricValueInput!`)None
    """


class PageInfo(sgqlc.types.Type):
    """Где кончилась страница."""

    __schema__ = schema
    __field_names__ = ("end_cursor", "has_next_page")
    end_cursor = sgqlc.types.Field(String, graphql_name="endCursor")
    """Курсор последней строки (смещение)."""

    has_next_page = sgqlc.types.Field(Boolean, graphql_name="hasNextPage")


class Query(sgqlc.types.Type):
    __schema__ = schema
    __field_names__ = ("ar_rubric_values_pg",)
    ar_rubric_values_pg = sgqlc.types.Field(
        ArRubricValuePage,
        graphql_name="arRubricValuesPg",
        args=sgqlc.types.ArgDict(
            (
                ("first", sgqlc.types.Arg(Int, graphql_name="first", default=None)),
                ("after", sgqlc.types.Arg(String, graphql_name="after", default=None)),
                (
                    "filter",
                    sgqlc.types.Arg(
                        ArRubricValueFilter, graphql_name="filter", default=None
                    ),
                ),
                (
                    "orderby",
                    sgqlc.types.Arg(
                        sgqlc.types.list_of(sgqlc.types.non_null(ArRubricValueSort)),
                        graphql_name="orderby",
                        default=None,
                    ),
                ),
            )
        ),
    )
    """Страница значений дополнительных реквизитов рубрик (таблица
    AR_RUBRIC_VALUE).

    Arguments:

    * `first` (`Int`): Сколько строк на странице; без него сервер
      режет страницу по своему пределу.
    * `after` (`String`): Курсор — смещение: строки с N запрашиваются
      как «N-1», начало — «-1».
    * `filter` (`ArRubricValueFilter`)None
    * `orderby` (`[ArRubricValueSort!]`): Порядок строк.
    """


class RefRubric(sgqlc.types.Type):
    """Рубрика регистрационной карточки."""

    __schema__ = schema
    __field_names__ = ("ins_date", "doc_rc")
    ins_date = sgqlc.types.Field(DateTime, graphql_name="insDate")
    """Когда рубрика заведена."""

    doc_rc = sgqlc.types.Field(DocRc, graphql_name="docRc")
    """Регистрационная карточка, к которой она относится."""


class UpdateArRubricValuePayload(sgqlc.types.Type):
    """Ответ на запись. «success: false» приходит с HTTP 200 и без
    errors.
    """

    __schema__ = schema
    __field_names__ = (
        "success",
        "message",
        "message_code",
        "message_data",
        "system_message",
        "client_mutation_id",
        "data",
    )
    success = sgqlc.types.Field(Boolean, graphql_name="success")

    message = sgqlc.types.Field(String, graphql_name="message")
    """Ответ словами, по-русски."""

    message_code = sgqlc.types.Field(String, graphql_name="messageCode")

    message_data = sgqlc.types.Field(String, graphql_name="messageData")

    system_message = sgqlc.types.Field(String, graphql_name="systemMessage")

    client_mutation_id = sgqlc.types.Field(String, graphql_name="clientMutationId")

    data = sgqlc.types.Field(ArRubricValue, graphql_name="data")
    """Значения после записи (эхо)."""


########################################################################
# Unions
########################################################################

########################################################################
# Schema Entry Points
########################################################################
schema.query_type = Query
schema.mutation_type = Mutation
schema.subscription_type = None
